"""perf_analyzer in a cache folder, also where the system is too old for it.

The program is a wheel, pinned by hash. It needs glibc 2.38; where the system's is older, the loader and libraries of
a newer release of the same distribution are unpacked beside it, fetched by apt from the system's own mirror and
checked by apt against the distribution's signature (their point releases change too often to pin by hash).
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embedded import cache

VERSION = "2.60.0"
NEEDED_GLIBC = (2, 38)
LIBRARIES = ("libc6", "libstdc++6", "libgcc-s1", "zlib1g", "libssl3t64")
NEWER_RELEASES = {"debian": "trixie", "ubuntu": "noble"}
WHEEL_SHA256 = {
    "x86_64": "23ef56b107ae9233e5cf09fbdf508dd9b936a52f1bae2f63f53c8117087b3f25",
    "aarch64": "c2ece0adb7760ea1abc258222d80bf8e367fa9639401406b96da2c9b55131d29",
}
_MIRROR = re.compile(
    r"(?:^deb (?:\[[^]]*\] )?|^URIs:.*?)(https?://\S+/(debian|ubuntu(?:-ports)?)/?)(?=\s|$)", re.M
)


class InstallError(Exception):
    """perf_analyzer cannot be had on this system; the message says why."""


@dataclass(frozen=True)
class Mirror:
    """An archive of packages, and the release in it that is new enough."""

    url: str
    release: str


def mirror_in(sources: str) -> Mirror:
    """The first Debian or Ubuntu archive in apt's `sources` (both formats).

    Raises:
        InstallError: there is none.
    """
    found = _MIRROR.search(sources)
    if found is None:
        raise InstallError("apt's sources name no Debian or Ubuntu archive; perf_analyzer needs glibc 2.38")
    return Mirror(found[1].rstrip("/"), NEWER_RELEASES[found[2].split("-")[0]])


def installed(root: Path) -> list[str]:
    """The words that start perf_analyzer, installed under `root` on the first call.

    Raises:
        InstallError: something could not be fetched.
    """
    machine = platform.machine()
    if machine not in WHEEL_SHA256:
        raise InstallError(
            f"there is no perf_analyzer for {machine}; it exists for {', '.join(WHEEL_SHA256)}"
        )
    folder = root / f"perf_analyzer-{VERSION}"
    with cache.locked(root, folder.name):
        if not folder.is_dir():
            with cache.staged(root, folder) as staging:
                _fill(staging, machine)
    return _command(folder)


def _command(folder: Path) -> list[str]:
    binary = folder / "perf_analyzer" / "bin" / "perf_analyzer"
    loader = next((folder / "libraries").rglob("ld-linux-*.so.*"), None)
    if loader is None:
        return [str(binary)]
    return [str(loader), "--library-path", str(loader.parent), str(binary)]


def _fill(folder: Path, machine: str) -> None:
    _fetch_wheel(folder, machine)
    if _glibc() < NEEDED_GLIBC:
        _fetch_libraries(folder / "libraries")


def _glibc() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.libc_ver()[1].split("."))


def _fetch_wheel(folder: Path, machine: str) -> None:
    requirement = folder / "requirement.txt"
    requirement.write_text(f"perf-analyzer=={VERSION} --hash=sha256:{WHEEL_SHA256[machine]}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    wanted = ["--only-binary=:all:", "--platform", f"manylinux_2_38_{machine}", "-r", str(requirement)]
    _run([*pip, *wanted, "--dest", str(folder)], "the wheel of perf_analyzer")
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (folder / "perf_analyzer" / "bin" / "perf_analyzer").chmod(0o755)
    wheel.unlink()


def _fetch_libraries(folder: Path) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise InstallError(f"perf_analyzer needs glibc 2.38 or newer, and {tool} to fetch it here")
    apt = folder / "apt"
    environment = _private_apt(apt, mirror_in(_apt_sources()))
    _run(["apt-get", "-qq", "update"], "the list of packages", env=environment)
    _run(["apt-get", "-qq", "download", *LIBRARIES], "the newer C library", cwd=apt, env=environment)
    for package in apt.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(package), str(folder)], f"unpacking {package.name}")
    shutil.rmtree(apt)


def _apt_sources() -> str:
    etc = Path("/etc/apt")
    files = [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.sources"))]
    files += sorted(etc.glob("sources.list.d/*.list"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


def _private_apt(folder: Path, mirror: Mirror) -> dict[str, str]:
    """Environment for an apt with lists of its own, that leaves the system's alone and needs no root."""
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "archives" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text(f"deb {mirror.url} {mirror.release} main\n")
    settings = {
        "Dir::State": folder,
        "Dir::State::lists": folder / "lists",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder,
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
    }
    (folder / "apt.conf").write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
    return {**os.environ, "APT_CONFIG": str(folder / "apt.conf")}


def _run(
    command: Sequence[str], what: str, *, cwd: Path | None = None, env: dict[str, str] | None = None
) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InstallError(f"{what}: {command[0]} failed: {(done.stderr or done.stdout).strip()}")
