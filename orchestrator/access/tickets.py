"""Tickets: what a browser shows instead of a key, where it can set no header. Each opens one WebSocket, soon."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable

from orchestrator.access.caller import Caller
from orchestrator.errors import LimitReached

LIFETIME_SECONDS = 30
_MOST = 10_000
_SECRET_BYTES = 32


class Tickets:
    """Tickets that wait to be used. In memory: they live shorter than a restart takes to be noticed."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: dict[bytes, tuple[float, Caller]] = {}  # digest -> (until, whose), oldest first

    def issue(self, caller: Caller) -> str:
        """A ticket with all that the caller may do. Raises: LimitReached where too many wait."""
        self._forget_old()
        if len(self._waiting) >= _MOST:
            raise LimitReached("too many tickets wait to be used", "requests", LIFETIME_SECONDS)
        ticket = secrets.token_urlsafe(_SECRET_BYTES)
        self._waiting[_digest(ticket)] = (self._clock() + LIFETIME_SECONDS, caller)
        return ticket

    def redeem(self, ticket: str) -> Caller | None:
        """Whose ticket it is; None where it was used, is too old, or was never given."""
        self._forget_old()
        _, caller = self._waiting.pop(_digest(ticket), (0.0, None))
        return caller

    def _forget_old(self) -> None:
        now = self._clock()
        while self._waiting:
            oldest = next(iter(self._waiting))
            if self._waiting[oldest][0] > now:
                return
            del self._waiting[oldest]


def _digest(ticket: str) -> bytes:
    """What a look-up's time may tell of."""
    return hashlib.sha256(ticket.encode()).digest()
