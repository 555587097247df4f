"""The machine's GPUs, as nvidia-smi tells them. Reads only; without a driver there are none."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

_FIELDS = ("name", "driver_version", "memory.total", "memory.used", "power.limit", "clocks.max.sm")
_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Gpu:
    """One GPU; `power_limit` and `max_clock` as nvidia-smi writes them, in W and MHz."""

    name: str
    driver: str
    memory_mib: int
    used_mib: int
    power_limit: str
    max_clock: str


def gpus() -> list[Gpu]:
    """Every GPU that this process sees; empty where there is no nvidia-smi or it finds no device."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return parse(done.stdout)


def parse(csv: str) -> list[Gpu]:
    """The lines of nvidia-smi; a line of another form (a message, a GPU that is lost) is left out."""
    rows = [[cell.strip() for cell in line.split(",")] for line in csv.splitlines()]
    return [
        Gpu(name, driver, int(total), int(used), power, clock)
        for name, driver, total, used, power, clock in (row for row in rows if len(row) == len(_FIELDS))
        if total.isdigit() and used.isdigit()
    ]
