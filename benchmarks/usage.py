"""What the server's processes take: CPU time, and peak memory as the sum of proportional set sizes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.to_thread
import psutil

ROLES = ("orchestrator", "tritonserver", "vad", "other models", "supervisor")

_SAMPLE_INTERVAL_S = 0.5


def supervisor_pid() -> int:
    """BEAUTYAI_SUPERVISOR_PID, else the parent: `python -m embedded run` starts this as its child."""
    return int(os.environ.get("BEAUTYAI_SUPERVISOR_PID") or os.getppid())


def server_processes(supervisor: int) -> list[psutil.Process]:
    """The supervisor and all under it, without this process and its children."""
    try:
        root = psutil.Process(supervisor)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
    own = _own_pids()
    return [process for process in tree if process.pid not in own]


def _own_pids() -> set[int]:
    return {os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))}


def cpu_seconds(supervisor: int) -> float:
    """User and system time of the server's processes since they began."""
    return sum(cpu_seconds_by_role(supervisor).values())


def cpu_seconds_by_role(supervisor: int) -> dict[str, float]:
    """As `cpu_seconds`, for each of `ROLES`; a model's process is known by its folder."""
    totals = dict.fromkeys(ROLES, 0.0)
    for process in server_processes(supervisor):
        try:
            times, command = process.cpu_times(), " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        totals[_role(command)] += times.user + times.system
    return totals


def _role(command: str) -> str:
    if "triton_python_backend_stub" in command:
        return "vad" if "/vad/" in command else "other models"
    known = {"tritonserver": "tritonserver", "orchestrator": "orchestrator"}
    return next((role for word, role in known.items() if word in command), "supervisor")


def memory_bytes(supervisor: int) -> int:
    """Sum of the proportional set sizes: pages that processes share count once."""
    total = 0
    for process in server_processes(supervisor):
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


@dataclass
class Usage:
    """Complete when the block of `measured` has ended."""

    cpu_seconds: float = 0.0
    peak_bytes: int = 0


@asynccontextmanager
async def measured(supervisor: int) -> AsyncIterator[Usage]:
    """Measure the server while the block runs."""
    usage = Usage()
    before_s = cpu_seconds(supervisor)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_sample, supervisor, usage)
        yield usage
        tasks.cancel_scope.cancel()
    usage.cpu_seconds = cpu_seconds(supervisor) - before_s


async def _sample(supervisor: int, usage: Usage) -> None:
    while True:
        usage.peak_bytes = max(usage.peak_bytes, await anyio.to_thread.run_sync(memory_bytes, supervisor))
        await anyio.sleep(_SAMPLE_INTERVAL_S)
