"""What this machine has and has left: CPU, memory, disk, and GPUs by NVML where there are some."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pynvml  # type: ignore[import-untyped]

Value = TypeVar("Value")


@dataclass(frozen=True)
class Gpu:
    """One GPU; what its driver does not tell is None. Bytes, percent, degrees Celsius, watts."""

    index: int
    name: str
    compute_capability: str
    driver: str
    memory_bytes: int
    memory_used_bytes: int
    utilization_percent: float | None
    temperature_celsius: float | None
    power_watts: float | None

    @property
    def free_bytes(self) -> int:
        return self.memory_bytes - self.memory_used_bytes


@dataclass(frozen=True)
class Memory:
    """Of the host. `available_bytes` can be taken without swapping."""

    total_bytes: int
    available_bytes: int
    process_bytes: int


@dataclass(frozen=True)
class Cpu:
    """`utilization_percent` of all cores since the last call; `load`: runnable processes, over 1, 5 and 15 minutes."""

    cores: int
    utilization_percent: float
    load: tuple[float, float, float]


@dataclass(frozen=True)
class Disk:
    """The disk under `path`."""

    path: str
    total_bytes: int
    free_bytes: int


def memory() -> Memory:
    now = psutil.virtual_memory()
    return Memory(now.total, now.available, psutil.Process().memory_info().rss)


def cpu() -> Cpu:
    return Cpu(psutil.cpu_count() or 1, psutil.cpu_percent(), psutil.getloadavg())


def disk(path: Path) -> Disk:
    """Of the nearest folder that exists."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    usage = shutil.disk_usage(existing)
    return Disk(str(path), usage.total, usage.free)


def gpus() -> tuple[Gpu, ...]:
    """Empty where there is no NVIDIA driver, or no GPU that it shows to this process."""
    with _nvml() as opened:
        if not opened:
            return ()
        driver = _text(pynvml.nvmlSystemGetDriverVersion())
        return tuple(_gpu(index, driver) for index in range(pynvml.nvmlDeviceGetCount()))


def _gpu(index: int, driver: str) -> Gpu:
    device = pynvml.nvmlDeviceGetHandleByIndex(index)
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(device)
    held = pynvml.nvmlDeviceGetMemoryInfo(device)
    celsius = pynvml.NVML_TEMPERATURE_GPU
    return Gpu(
        index=index,
        name=_text(pynvml.nvmlDeviceGetName(device)),
        compute_capability=f"{major}.{minor}",
        driver=driver,
        memory_bytes=held.total,
        memory_used_bytes=held.used,
        utilization_percent=_told(lambda: float(pynvml.nvmlDeviceGetUtilizationRates(device).gpu)),
        temperature_celsius=_told(lambda: float(pynvml.nvmlDeviceGetTemperature(device, celsius))),
        power_watts=_told(lambda: pynvml.nvmlDeviceGetPowerUsage(device) / 1000),
    )


@contextmanager
def _nvml() -> Iterator[bool]:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield False
        return
    try:
        yield True
    finally:
        pynvml.nvmlShutdown()


def _told(ask: Callable[[], Value]) -> Value | None:
    """Not every GPU has every sensor."""
    try:
        return ask()
    except pynvml.NVMLError:
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
