"""What this machine has: GPUs, memory, disk, TensorRT-LLM. Nothing heavy is imported to know it."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from build_engines.errors import UnsuitableMachineError
from build_engines.gpus import MIB

QUERY = (
    "nvidia-smi",
    "--query-gpu=name,compute_cap,memory.total,memory.free,driver_version",
    "--format=csv,noheader,nounits",
)


@dataclass(frozen=True)
class InstalledGpu:
    """One line of `nvidia-smi`."""

    name: str
    compute_capability: str
    memory_bytes: int
    free_bytes: int
    driver: str


@dataclass(frozen=True)
class Machine:
    """Everything that a step's needs are compared with."""

    gpus: tuple[InstalledGpu, ...]
    disk_free_bytes: int
    host_free_bytes: int
    tensorrt_llm: str | None
    """Its version, where it is installed."""


def this_machine(work_dir: Path) -> Machine:
    """Raises: UnsuitableMachineError where `nvidia-smi` answers what nobody can read."""
    return Machine(
        parse_gpus(_nvidia_smi()),
        shutil.disk_usage(_existing(work_dir)).free,
        parse_available_bytes(Path("/proc/meminfo").read_text(encoding="ascii")),
        _version("tensorrt_llm"),
    )


def parse_gpus(output: str) -> tuple[InstalledGpu, ...]:
    """The answer to `QUERY`.

    Raises: UnsuitableMachineError where a line is not what was asked for.
    """
    gpus = []
    for line in filter(None, map(str.strip, output.splitlines())):
        try:
            name, capability, total_mib, free_mib, driver = (part.strip() for part in line.split(","))
            gpus.append(InstalledGpu(name, capability, int(total_mib) * MIB, int(free_mib) * MIB, driver))
        except ValueError:
            raise UnsuitableMachineError(
                f"nvidia-smi says '{line}', which names no GPU; is its driver loaded?"
            ) from None
    return tuple(gpus)


def parse_available_bytes(meminfo: str) -> int:
    """`MemAvailable` of /proc/meminfo."""
    line = next(line for line in meminfo.splitlines() if line.startswith("MemAvailable:"))
    return int(line.split()[1]) * 1024


def _nvidia_smi() -> str:
    if shutil.which(QUERY[0]) is None:
        return ""
    return subprocess.run(QUERY, capture_output=True, text=True, check=False).stdout


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
