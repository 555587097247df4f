from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator import machine
from orchestrator.machine import Gpu


class OneGpu:
    """NVML of a machine with one GPU, whose driver does not tell its power."""

    NVMLError = RuntimeError
    NVML_TEMPERATURE_GPU = 0

    def __init__(self) -> None:
        self.open = 0

    def nvmlInit(self) -> None:  # noqa: N802
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetPowerUsage(self, _device: object) -> int:  # noqa: N802
        raise RuntimeError("not supported")

    def __getattr__(self, name: str) -> Any:
        told = {
            "nvmlSystemGetDriverVersion": b"590.44",
            "nvmlDeviceGetCount": 1,
            "nvmlDeviceGetHandleByIndex": object(),
            "nvmlDeviceGetCudaComputeCapability": (9, 0),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=80, used=30),
            "nvmlDeviceGetName": "NVIDIA H100 80GB HBM3",
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=7),
            "nvmlDeviceGetTemperature": 41,
        }[name]
        return lambda *_: told


def test_a_gpu_is_told_with_what_its_driver_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = OneGpu()
    monkeypatch.setattr(machine, "pynvml", nvml)
    assert machine.gpus() == (Gpu(0, "NVIDIA H100 80GB HBM3", "9.0", "590.44", 80, 30, 7.0, 41.0, None),)
    assert machine.gpus()[0].free_bytes == 50
    assert nvml.open == 0


def test_a_machine_without_a_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    nvml = OneGpu()
    monkeypatch.setattr(nvml, "nvmlInit", lambda: nvml.nvmlDeviceGetPowerUsage(None))
    monkeypatch.setattr(machine, "pynvml", nvml)
    assert machine.gpus() == ()


def test_the_disk_of_a_folder_that_is_not_there_yet_is_known(tmp_path: Path) -> None:
    here = machine.disk(tmp_path / "not" / "yet")
    assert 0 < here.free_bytes <= here.total_bytes
    assert machine.memory().available_bytes <= machine.memory().total_bytes
