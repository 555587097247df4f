from __future__ import annotations

from pathlib import Path

import pytest

from build_engines.errors import UnsuitableMachineError
from build_engines.machine import InstalledGpu, parse_available_bytes, parse_gpus, this_machine

SMI = """\
NVIDIA H100 80GB HBM3, 9.0, 81559, 80995, 590.44.01
NVIDIA H100 80GB HBM3, 9.0, 81559, 81559, 590.44.01
"""


def test_gpus_are_read_from_nvidia_smi() -> None:
    first, second = parse_gpus(SMI)
    assert first == InstalledGpu("NVIDIA H100 80GB HBM3", "9.0", 81559 * 2**20, 80995 * 2**20, "590.44.01")
    assert second.free_bytes == 81559 * 2**20


def test_no_output_is_no_gpu() -> None:
    assert parse_gpus("\n") == ()


def test_an_answer_that_names_no_gpu_is_repeated() -> None:
    with pytest.raises(UnsuitableMachineError, match="nvidia-smi says 'NVIDIA-SMI has failed"):
        parse_gpus("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.")


def test_available_memory_is_not_free_memory() -> None:
    assert parse_available_bytes("MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable:   42 kB\n") == 42 * 1024


def test_this_machine_is_asked_also_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    here = this_machine(tmp_path / "not" / "there")
    assert here.disk_free_bytes > 0
    assert here.host_free_bytes > 0
