"""Whether every model answers, and the repair of one that does not.

Triton 2.51 calls a Python model ready whose process is dead, and never restarts it. So each model gets a small
real inference, a canary, when no traffic has proved it alive lately; one that is lost is unloaded and loaded. What
somebody has unloaded on purpose is neither asked nor repaired, and is not ready.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import anyio

from orchestrator.canaries import Canary
from orchestrator.doors import Doors
from orchestrator.errors import BackendLost, InferenceError, InferenceTimeout, ModelUnloaded
from orchestrator.metrics import Metrics

log = logging.getLogger(__name__)

_NEVER = float("-inf")


class Server(Protocol):
    """What is asked of Triton. `last_answers`: when each model last answered anyone, on the clock used here."""

    observers: list[Callable[[str, float, InferenceError | None], None]]
    last_answers: dict[str, float]
    doors: Doors

    async def server_live(self) -> bool: ...
    async def load(self, model: str) -> None: ...
    async def unload(self, model: str) -> None: ...
    async def unloaded_on_purpose(self, model: str) -> bool: ...
    def canaries(self, deadline_seconds: float) -> Mapping[str, Canary]: ...


@dataclass(frozen=True)
class Periods:
    """How often to look, in seconds, and how patiently."""

    canary: float = 3.0
    canary_deadline: float = 2.0
    canary_again: float = 0.5
    server: float = 0.5
    tick: float = 0.1
    longest_backoff: float = 60.0
    timeouts_until_repair: int = 3  # a busy model may miss one or two; a dead one says so


@dataclass
class ModelHealth:
    """What is known of one model; times in seconds. Pure."""

    periods: Periods
    answered_at: float = _NEVER
    failed_at: float = _NEVER
    error: InferenceError | None = None
    suspected: bool = False
    timeouts: int = 0
    next_canary: float = _NEVER
    repairs: int = 0  # since it last answered
    next_repair: float = _NEVER

    @property
    def ready(self) -> bool:
        return self.answered_at > self.failed_at

    def answered(self, at: float) -> None:
        """It answered somebody at `at`; an answer older than the last failure says nothing."""
        self.answered_at = max(at, self.answered_at)
        if self.ready:
            self.error = None
            self.timeouts = self.repairs = 0

    def failed(self, error: InferenceError, now: float) -> None:
        self.failed_at = now
        self.error = error
        self.timeouts = self.timeouts + 1 if isinstance(error, InferenceTimeout) else 0
        self.next_canary = now + self.periods.canary_again

    def canary_is_due(self, now: float) -> bool:
        quiet = now - self.answered_at >= self.periods.canary
        return now >= self.next_canary and (quiet or self.suspected or not self.ready)

    def repair_is_due(self, now: float) -> bool:
        lost = isinstance(self.error, BackendLost) or self.timeouts >= self.periods.timeouts_until_repair
        return lost and now >= self.next_repair

    def repair_began(self, now: float) -> None:
        """The first repair comes at once, the next after 1 s, 2 s, 4 s and so on."""
        self.next_repair = now + min(2.0**self.repairs, self.periods.longest_backoff)
        self.repairs += 1
        self.timeouts = 0
        self.next_canary = _NEVER


class Readiness:
    """Watches one Triton while `run` runs."""

    def __init__(
        self,
        server: Server,
        metrics: Metrics,
        periods: Periods | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        came_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`came_up` is called when Triton answers for the first time, and again after each time that it was away."""
        self._server = server
        self._metrics = metrics
        self._periods = periods or Periods()
        self._clock = clock
        self._sleep = sleep
        self._came_up = came_up
        self._canaries = server.canaries(self._periods.canary_deadline)
        self._health = {model: ModelHealth(self._periods) for model in self._canaries}
        self._live = False
        server.observers.append(self._observe)

    @property
    def ready(self) -> bool:
        """Triton lives and every model answered lately."""
        return self._live and all(self._refreshed(model).ready for model in self._health)

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """For each model: ready, last_success_seconds_ago (None: never), error (None: none)."""
        return {model: self._describe(self._refreshed(model)) for model in self._health}

    async def run(self) -> None:
        """Watch until cancelled."""
        async with anyio.create_task_group() as tasks:
            for model in self._health:
                tasks.start_soon(self._watch_model, model)
            while True:
                await self.look_at_server()
                await self._sleep(self._periods.server)

    async def look_at_server(self) -> None:
        """Ask whether Triton lives; when it does not, no model is ready until it answers again."""
        live = await self._server.server_live()
        if live != self._live:
            log.warning("Triton is %s", "up" if live else "away")
        if live and not self._live and self._came_up is not None:
            await self._came_up()
        self._live = live
        if not live:
            for health in self._health.values():
                health.failed(BackendLost("Triton is away"), self._clock())

    async def look_at(self, model: str) -> None:
        """Send a canary, and repair the model, where either is due."""
        health = self._refreshed(model)
        if not self._live:
            return
        if (reason := self._server.doors.closed(model)) is not None:
            health.failed(ModelUnloaded(reason), self._clock())
            return
        if not health.canary_is_due(self._clock()):
            return
        await self._send_canary(model, health)
        if health.repair_is_due(self._clock()) and await self._may_repair(model, health):
            await self._repair(model, health)

    async def _may_repair(self, model: str, health: ModelHealth) -> bool:
        """Not while Triton is away, and not what somebody unloaded; who looks after a repair sees only its own work."""
        if self._server.doors.closed(model) is not None or not await self._server.server_live():
            return False
        try:
            return health.repairs > 0 or not await self._server.unloaded_on_purpose(model)
        except InferenceError:
            return True

    async def _watch_model(self, model: str) -> None:
        while True:
            await self.look_at(model)
            await self._sleep(self._periods.tick)

    async def _send_canary(self, model: str, health: ModelHealth) -> None:
        health.suspected = False
        began = self._clock()
        try:
            await self._within_deadline(model)
        except InferenceError as error:
            if isinstance(error, InferenceTimeout) and self._refreshed(model).answered_at > began:
                return  # busy with others, but alive
            health.failed(error, self._clock())
            self._metrics.canary_failed(model)
            log.warning("canary of %s: %s", model, error)
        else:
            health.answered(self._clock())

    async def _within_deadline(self, model: str) -> None:
        try:
            with anyio.fail_after(self._periods.canary_deadline):
                await self._canaries[model]()
        except TimeoutError:
            raise InferenceTimeout(f"no answer within {self._periods.canary_deadline:g} s") from None

    async def _repair(self, model: str, health: ModelHealth) -> None:
        began = self._clock()
        health.repair_began(began)
        self._metrics.model_repaired(model)
        for step in (self._server.unload, self._server.load):  # load alone leaves a dead process dead
            if self._server.doors.closed(model) is not None:
                return
            try:
                await step(model)
            except InferenceError as error:
                log.error("%s of %s: %s", step.__name__, model, error)
        log.warning("%s was loaded anew in %.1f s", model, self._clock() - began)

    def _observe(self, model: str, _seconds: float, error: InferenceError | None) -> None:
        if model in self._health and isinstance(error, (BackendLost, InferenceTimeout)):
            self._health[model].suspected = True

    def _refreshed(self, model: str) -> ModelHealth:
        health = self._health[model]
        health.answered(self._server.last_answers.get(model, _NEVER))
        return health

    def _describe(self, health: ModelHealth) -> dict[str, Any]:
        seconds = round(self._clock() - health.answered_at, 1) if health.answered_at > _NEVER else None
        error = str(health.error) if health.error else None
        return {"ready": self._live and health.ready, "last_success_seconds_ago": seconds, "error": error}
