"""Triton and the orchestrator, kept running and stopped in the right order.

One thread, one loop: start, wait until ready, revive what dies, stop. An open gRPC stream keeps Triton from
exiting, so the orchestrator goes first.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from embedded import ports, probe, triton
from embedded.errors import ModelLoadError, StartError
from embedded.fetch import Runtime
from embedded.process import Child
from embedded.settings import Settings

_TICK_SECONDS = 0.1
_BACKOFF_SECONDS = (0.2, 30.0)
_STEADY_SECONDS = 60.0
_TRITON_READY_SECONDS = 180.0
_ORCHESTRATOR_READY_SECONDS = 90.0
_TRITON_GRACE_SECONDS = 5.0
_ORCHESTRATOR_GRACE_SECONDS = 10.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """A stop signal arrived while something was awaited."""


@dataclass
class Service:
    """A child, how to clean up after its death, and when to start it again."""

    child: Child
    clean_up: Callable[[], None]
    started_at: float = 0.0
    backoff_seconds: float = _BACKOFF_SECONDS[0]
    restart_at: float | None = None

    def start(self) -> None:
        """Start or restart now."""
        self.started_at, self.restart_at = time.monotonic(), None
        self.child.start()

    def note_death(self, now: float) -> None:
        """Clean up, and set the time of the next start: later and later while it dies young."""
        self.child.kill_group()
        self.clean_up()
        if now - self.started_at > _STEADY_SECONDS:
            self.backoff_seconds = _BACKOFF_SECONDS[0]
        self.restart_at = now + self.backoff_seconds
        self.backoff_seconds = min(2 * self.backoff_seconds, _BACKOFF_SECONDS[1])


@dataclass
class Supervisor:
    """A context manager: what it started is gone when the block ends, however it ends."""

    settings: Settings
    runtime: Runtime
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    say: Callable[[str], None] = print
    _services: list[Service] = field(default_factory=list, init=False)
    _stopping: bool = field(default=False, init=False)

    def __enter__(self) -> Supervisor:
        self._shared_memory_prefix = f"beautyai-{os.getpid()}-{secrets.token_hex(3)}-"
        self._models = triton.model_environment(self.settings, self.runtime, self.environ)
        self._old_handlers = {number: signal.signal(number, self._on_signal) for number in _STOP_SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in reversed(self._services):
            is_triton = service.child.name == "triton"
            service.child.stop(_TRITON_GRACE_SECONDS if is_triton else _ORCHESTRATOR_GRACE_SECONDS)
            service.clean_up()
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    @property
    def triton_log(self) -> Path:
        """Triton's output, of this run."""
        return self.settings.cache_dir / "logs" / f"triton-{self.settings.grpc_port}.log"

    def start_triton(self) -> None:
        """Start it and wait until every model has loaded.

        Raises: PortInUseError, ModelLoadError with Triton's own reason, StartError, Interrupted.
        """
        ports.require_free(self.settings, ("TRITON_GRPC_PORT", "TRITON_METRICS_PORT"))
        self.triton_log.parent.mkdir(parents=True, exist_ok=True)
        self.triton_log.write_bytes(b"")
        prefix = self._shared_memory_prefix
        child = Child(
            "triton",
            triton.command(self.settings, self.runtime, prefix),
            triton.server_environment(self._models, self.runtime),
            self.triton_log,
        )
        self._start(Service(child, lambda: triton.remove_shared_memory(prefix)))
        self.say(f"Triton is loading the models; its log: {self.triton_log}")
        self._wait(child, lambda: probe.triton_is_ready(self.settings), _TRITON_READY_SECONDS)

    def start_orchestrator(self, log: Path | None = None) -> None:
        """Start it and wait until `/ready` answers 200. Raises: PortInUseError, StartError, Interrupted."""
        ports.require_free(self.settings, ("PORT",))
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_bytes(b"")
        child = Child("orchestrator", [sys.executable, "-m", "orchestrator"], self._models, log)
        self._start(Service(child, lambda: None))
        self._wait(child, lambda: probe.orchestrator_is_ready(self.settings), _ORCHESTRATOR_READY_SECONDS)

    def watch(self) -> None:
        """Revive what dies until a stop signal arrives."""
        while not self._stopping:
            self._tick()

    def run(self, command: list[str], environment: Mapping[str, str]) -> int:
        """Run `command` beside the services, which are revived meanwhile; returns its exit status."""
        child = Child("command", command, {**self._models, **environment}, own_group=False)
        try:
            child.start()
        except OSError as error:
            raise StartError(f"{command[0]} cannot be run: {error.strerror}") from error
        while child.exit_status is None and not self._stopping:
            self._tick()
        child.stop(_ORCHESTRATOR_GRACE_SECONDS)
        status = child.exit_status or 0
        return status if status >= 0 else 128 - status

    def _start(self, service: Service) -> None:
        self._services.append(service)
        service.start()

    def _tick(self) -> None:
        now = time.monotonic()
        for service in self._services:
            if service.restart_at is not None:
                if now >= service.restart_at:
                    service.start()
            elif (status := service.child.exit_status) is not None:
                service.note_death(now)
                self.say(f"{service.child.name} {_how_it_ended(status)}; starting it again")
        time.sleep(_TICK_SECONDS)

    def _wait(self, child: Child, is_ready: Callable[[], bool], limit_seconds: float) -> None:
        deadline = time.monotonic() + limit_seconds
        while not is_ready():
            if self._stopping:
                raise Interrupted
            if (status := child.exit_status) is not None:
                raise self._did_not_start(child, _how_it_ended(status))
            if time.monotonic() > deadline:
                raise self._did_not_start(child, f"was not ready after {limit_seconds:.0f} s")
            time.sleep(_TICK_SECONDS)

    def _did_not_start(self, child: Child, what: str) -> StartError:
        where = f"; its log: {child.log}" if child.log else ""
        if child.name != "triton":
            return StartError(f"the {child.name} {what} before it was ready{where}")
        reasons = "".join(f"\n  {reason}" for reason in triton.failures(self.triton_log)[:8])
        return ModelLoadError(f"Triton {what} before every model was ready{where}{reasons}")


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"exited with status {status}"
