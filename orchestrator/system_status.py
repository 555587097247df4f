"""One picture of everything: the machine, Triton's models and their queues, the sessions, the versions."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anyio import to_thread
from pydantic import BaseModel

from orchestrator import __version__, machine
from orchestrator.errors import InferenceError
from orchestrator.triton_server import ModelState, TritonServer


class ModelQueue(BaseModel):
    """A model of Triton since it was loaded; times are means of one request.

    in_flight: calls of this process that run now.
    """

    state: str
    reason: str | None
    requests: int
    failed: int
    queue_ms: float
    compute_ms: float
    in_flight: int


class TritonStatus(BaseModel):
    """`error`: why nothing is known of its models, null where it answers."""

    live: bool
    version: str | None
    models: dict[str, ModelQueue]
    error: str | None


class Sessions(BaseModel):
    """Voice sessions of this process."""

    open: int
    max: int


class Versions(BaseModel):
    beautyai: str
    python: str
    triton: str | None


class Status(BaseModel):
    """Bytes, seconds and percent as the names say; `gpus` is empty where NVML shows none."""

    uptime_seconds: float
    cpu: machine.Cpu
    memory: machine.Memory
    gpus: list[machine.Gpu]
    disks: list[machine.Disk]
    triton: TritonStatus
    sessions: Sessions
    versions: Versions


@dataclass
class SystemStatus:
    """Asks everybody at once. `sessions`: open, and the most that may be."""

    triton: TritonServer
    sessions: Callable[[], tuple[int, int]]
    folders: tuple[Path, ...]
    _began: float = field(default_factory=time.monotonic)

    async def now(self) -> Status:
        server = await self._server()
        is_open, most = self.sessions()
        return Status(
            uptime_seconds=round(time.monotonic() - self._began, 1),
            cpu=machine.cpu(),
            memory=machine.memory(),
            gpus=list(await to_thread.run_sync(machine.gpus)),
            disks=[machine.disk(folder) for folder in self.folders],
            triton=server,
            sessions=Sessions(open=is_open, max=most),
            versions=Versions(beautyai=__version__, python=platform.python_version(), triton=server.version),
        )

    async def _server(self) -> TritonStatus:
        if not await self.triton.server_live():
            return TritonStatus(live=False, version=None, models={}, error="Triton is away")
        try:
            version = await self.triton.server_version()
            states = await self.triton.models()
            counted = await self.triton.statistics()
        except InferenceError as error:
            return TritonStatus(live=True, version=None, models={}, error=str(error))
        queues = {name: self._queue(name, state, counted.get(name, {})) for name, state in states.items()}
        return TritonStatus(live=True, version=version, models=queues, error=None)

    def _queue(self, name: str, state: ModelState, counted: dict[str, Any]) -> ModelQueue:
        statistics = counted.get("inference_stats", {})
        return ModelQueue(
            state=state.state or "UNAVAILABLE",
            reason=state.reason or None,
            requests=_count(statistics, "success"),
            failed=_count(statistics, "fail"),
            queue_ms=_mean_ms(statistics, "queue"),
            compute_ms=_mean_ms(statistics, "compute_infer"),
            in_flight=self.triton.doors.inside(name),
        )


def _count(statistics: dict[str, Any], name: str) -> int:
    return int(statistics.get(name, {}).get("count", 0))


def _mean_ms(statistics: dict[str, Any], name: str) -> float:
    """Triton counts nanoseconds of all requests together."""
    counted = statistics.get(name, {})
    number = int(counted.get("count", 0))
    return round(int(counted.get("ns", 0)) / number / 1e6, 3) if number else 0.0
