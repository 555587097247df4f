"""Can this Python, on this machine, run Triton's Python models? Asked before anything is installed.

Triton's Python stub is linked against `libpython3.x.so`; a Python built without it cannot serve a model.
Run as a script it checks and prints; it imports nothing of the project so that any Python 3.8 can say no.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import sys
import sysconfig
from pathlib import Path

SUPPORTED = ((3, 10), (3, 13))
GLIBC_AT_LEAST = (2, 35)
MACHINES = ("x86_64", "aarch64")


def problems() -> list[str]:
    """Everything that keeps this interpreter from running the server, each with what to do about it."""
    found = [_system(), _glibc(), _version(), _venv(), _openmp()]
    if not any(found):
        found.append(_libpython())
    return [problem for problem in found if problem]


def libpython_dir() -> Path | None:
    """The folder that holds this interpreter's shared `libpython3.x.so.1.0`, or None."""
    name = _libpython_name()
    base = Path(sys.base_prefix)
    variables = sysconfig.get_config_vars("LIBDIR", "LIBPL")
    folders = [Path(str(folder)) for folder in variables if folder]
    folders += [
        base / "lib",
        Path("/usr/lib") / f"{platform.machine()}-linux-gnu",
        Path("/usr/lib64"),
        Path("/usr/lib"),
    ]
    return next((folder for folder in folders if (folder / name).is_file()), None)


def _libpython_name() -> str:
    return f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"


def _system() -> str | None:
    if platform.system() == "Linux" and platform.machine() in MACHINES:
        return None
    return f"this is {platform.system()} on {platform.machine()}; needed: Linux on {' or '.join(MACHINES)}"


def _glibc() -> str | None:
    name, version = platform.libc_ver()
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if name == "glibc" and numbers >= GLIBC_AT_LEAST:
        return None
    wanted = ".".join(map(str, GLIBC_AT_LEAST))
    found = f"{name or 'unknown'} {version}"
    return f"the C library is {found}; needed: glibc {wanted} (Ubuntu 22.04, Debian 12 or newer)"


def _version() -> str | None:
    low, high = SUPPORTED
    if low <= sys.version_info[:2] <= high:
        return None
    wanted = f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"
    return f"this is Python {platform.python_version()}; needed: {wanted} (make setup PYTHON=python3.11)"


def _venv() -> str | None:
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"the venv module is missing: apt install python{version}-venv"


def _openmp() -> str | None:
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError:
        return "the OpenMP library libgomp.so.1, which llama.cpp is linked against, is missing: apt install libgomp1"
    return None


def _libpython() -> str | None:
    if libpython_dir():
        return None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        f"{sys.executable} has no shared {_libpython_name()}, which Triton's Python models are linked "
        f"against. For the system's Python: apt install libpython{version}. For pyenv or a build of your "
        f"own: build with --enable-shared (PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {version}). "
        "Or choose another: make setup PYTHON=/path/to/python3"
    )


def main() -> int:
    """Print every problem; the exit status is the answer."""
    found = problems()
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    if not found:
        print(f"Python {platform.python_version()} ({os.path.realpath(sys.executable)}) will do")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
