"""One child process that never outlives its parent, in a process group of its own."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """A command that can be started, restarted and stopped. Output goes to `log`, or to our own when None."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None
    own_group: bool = True
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def pid(self) -> int | None:
        """The process id of the running process, or of the last one."""
        return self._process.pid if self._process else None

    @property
    def exit_status(self) -> int | None:
        """None while it runs; a negative number is the signal that ended it."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Call it from the main thread: the kernel ties the child to the thread that starts it."""
        parent = os.getpid()
        output = self.log.open("ab") if self.log else None
        try:
            self._process = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL if self.own_group else None,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                start_new_session=self.own_group,
                preexec_fn=lambda: _die_with(parent),  # noqa: PLW1509 - no threads in a supervisor
            )
        finally:
            if output:
                output.close()

    def stop(self, grace_seconds: float) -> None:
        """SIGTERM, then SIGKILL to the whole group when the time is up; returns when it is gone."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        self.kill_group()

    def kill_group(self) -> None:
        """SIGKILL what is left of the group (a dead server leaves its own children), and reap the leader."""
        if self._process is None:
            return
        if self.own_group:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()
        if self.own_group:
            _wait_for_group(self._process.pid)


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _wait_for_group(group: int, limit_seconds: float = 5.0) -> None:
    """Until init has reaped the orphans of the group, so that what they held (ports, memory) is free."""
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.02)
