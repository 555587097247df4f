from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gpu import machine
from benchmarks.gpu.machine import Gpu, gpus, parse

H100 = "NVIDIA H100 80GB HBM3, 590.44.01, 81559, 23001, 700.00, 1980\n"


def test_every_gpu_is_a_line() -> None:
    one = Gpu("NVIDIA H100 80GB HBM3", "590.44.01", 81_559, 23_001, "700.00", "1980")
    assert parse(H100 * 2) == [one, one]


@pytest.mark.parametrize(
    "text", ["", "No devices were found\n", "NVIDIA H100, 590, [N/A], [N/A], [N/A], [N/A]\n", "a, b\n"]
)
def test_what_is_no_gpu_is_left_out(text: str) -> None:
    assert parse(text) == []


def program(folder: Path, script: str) -> None:
    file = folder / "nvidia-smi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_nvidia_smi_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, f"case $1 in --query-gpu=name,*) printf '{H100.strip()}\\n';; esac")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [gpu.name for gpu in gpus()] == ["NVIDIA H100 80GB HBM3"]


@pytest.mark.parametrize("script", [None, "echo no driver; exit 9", "echo No devices were found"])
def test_a_machine_without_a_gpu_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is not None:
        program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpus() == []
