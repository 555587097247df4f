"""Messages on their way out of a session: what acknowledges words waits until they are stored, and all after it too.

So the client sees everything in order. It waits in vain once: while nothing can be stored, words are acknowledged at
once and each turn says `not_stored`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import anyio

from orchestrator import protocol
from orchestrator.errors import NotStored
from orchestrator.receipt import Receipt

PATIENCE_SECONDS = 0.5
"""Many commits long; the listener has 300 ms of speech ahead, and hears at most one gap per outage."""


@dataclass(frozen=True)
class _Held:
    message: protocol.ServerMessage
    turn: int | None = None
    stored: Receipt | None = None


class Acknowledging:
    """Between a session and `send`; `run` lets out what is held until it is cancelled."""

    def __init__(self, send: Callable[[protocol.ServerMessage], None]) -> None:
        self._send = send
        self._held: deque[_Held] = deque()
        self._holds = anyio.Event()
        self._late: Receipt | None = None
        self._reported: int | None = None

    def send(self, message: protocol.ServerMessage) -> None:
        """Send it now, or after what is held."""
        self._put(_Held(message))

    def send_stored(self, message: protocol.ServerMessage, turn: int, stored: Receipt) -> None:
        """Send it when everything up to `stored` is; where that fails, after an error that says so, once a turn."""
        self._put(_Held(message, turn, stored))

    async def run(self) -> None:
        while True:
            await self._holds.wait()
            self._holds = anyio.Event()
            while self._held:
                await self._settle(self._held[0])
                self._let_out(self._held.popleft())

    def _put(self, held: _Held) -> None:
        if self._held or not (held.stored is None or held.stored.is_stored or self._is_failing(held.stored)):
            self._held.append(held)
            self._holds.set()
        else:
            self._let_out(held)

    async def _settle(self, held: _Held) -> None:
        if held.stored is None or self._is_failing(held.stored):
            return
        with anyio.move_on_after(PATIENCE_SECONDS):
            await held.stored.settled()

    def _is_failing(self, stored: Receipt) -> bool:
        """Whether waiting is in vain: this could not be stored, or what was waited for too long still is not."""
        return stored.error is not None or not (self._late is None or self._late.is_stored)

    def _let_out(self, held: _Held) -> None:
        if held.stored is not None and not held.stored.is_stored:
            self._late = held.stored
            self._report(held.turn, held.stored.error or NotStored(_LATE))
        self._send(held.message)

    def _report(self, turn: int | None, error: NotStored) -> None:
        if turn == self._reported:
            return
        self._reported = turn
        self._send(protocol.Error(error.code, str(error), error.retryable, turn))


_LATE = "the database takes long; the words of this turn are kept in memory until it has them"
