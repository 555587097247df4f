from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import interpreter
from embedded.settings import REPOSITORY_ROOT


def test_the_python_that_runs_the_tests_will_do() -> None:
    assert interpreter.problems() == []


def test_a_python_without_a_shared_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "_libpython_name", lambda: "libpython9.9.so.1.0")
    (problem,) = interpreter.problems()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt install libpython{version}" in problem
    assert "--enable-shared" in problem


@pytest.mark.parametrize(
    ("attribute", "value", "needed"),
    [
        ("system", lambda: "Darwin", "Linux"),
        ("machine", lambda: "riscv64", "aarch64"),
        ("libc_ver", lambda: ("glibc", "2.31"), "glibc 2.35"),
        ("libc_ver", lambda: ("", ""), "glibc 2.35"),
    ],
)
def test_an_unsuitable_machine_is_told_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, needed: str
) -> None:
    monkeypatch.setattr(platform, attribute, value)
    assert any(needed in problem for problem in interpreter.problems())


def test_an_old_or_too_new_python_is_told_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "SUPPORTED", ((4, 0), (4, 1)))
    assert "needed: 4.0 to 4.1" in interpreter.problems()[0]


def test_as_a_script_it_needs_nothing_but_the_standard_library(tmp_path: Path) -> None:
    script = REPOSITORY_ROOT / "embedded" / "interpreter.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "will do" in done.stdout


def test_a_machine_without_openmp_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr("ctypes.CDLL", missing)
    assert any("apt install libgomp1" in problem for problem in interpreter.problems())
