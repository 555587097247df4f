"""What one key or user has used of what it may use, and its voice sessions that are open now."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from orchestrator.access.limits import UNLIMITED, AudioDay, Limits, RequestWindow
from orchestrator.errors import AccessError, LimitReached, RefusalReason, Unauthorized

_SESSION_RETRY_SECONDS = 5


def _uncounted(_reason: RefusalReason) -> None:
    """For accounts outside of a serving process."""


@dataclass(eq=False)
class Place:
    """One open voice session. It is to be closed at `until` (Unix time), or as soon as `ended` is set."""

    until: float = math.inf
    ended: anyio.Event = field(default_factory=anyio.Event)
    error: AccessError | None = None

    def end(self, error: AccessError) -> None:
        self.error = self.error or error
        self.ended.set()


class Account:
    """Counts in memory, for one process; a restart begins anew.

    count_refusal: told the reason of each refusal, for `/metrics`. clock: Unix time in seconds.
    """

    def __init__(
        self,
        limits: Limits = UNLIMITED,
        count_refusal: Callable[[RefusalReason], None] = _uncounted,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits
        self._count_refusal = count_refusal
        self._clock = clock
        self._requests = RequestWindow(limits.requests_per_minute)
        self._audio = AudioDay(limits.audio_minutes_per_day)
        self._places: set[Place] = set()
        self._closed: AccessError | None = None

    def request(self) -> None:
        """One more request. Raises: LimitReached; the error that the account was closed with."""
        with self._counting():
            if self._closed:
                raise self._closed
            self._requests.count(self._clock())

    def add_audio(self, seconds: float) -> None:
        """`seconds` more of audio; beyond the limit the open sessions end too. Raises: LimitReached."""
        try:
            with self._counting():
                self._audio.count(seconds, self._clock())
        except LimitReached as error:
            self.end(error)
            raise

    @contextmanager
    def session(self, until: float = math.inf) -> Iterator[Place]:
        """A place for one voice session while the block runs. Raises: LimitReached where all are taken."""
        with self._counting():
            if self._limits.sessions is not None and len(self._places) >= self._limits.sessions:
                message = f"this key allows {self._limits.sessions} voice sessions at once, and all are open"
                raise LimitReached(message, "sessions", _SESSION_RETRY_SECONDS)
        place = Place(until)
        self._places.add(place)
        try:
            yield place
        finally:
            self._places.discard(place)

    def refused(self, error: AccessError) -> AccessError:
        """`error`, counted, to be raised."""
        self._count_refusal(error.reason)
        return error

    def close(self, error: AccessError) -> None:
        """End every open session for that reason, and refuse whatever comes."""
        self._closed = error
        self.end(error)

    def end(self, error: AccessError) -> None:
        """End every open session for that reason."""
        for place in self._places:
            place.end(error)

    def end_expired(self) -> None:
        """End the sessions whose time is over."""
        now = self._clock()
        for place in self._places:
            if place.until <= now:
                place.end(Unauthorized("what you showed has expired; show another key or token"))

    @property
    def idle(self) -> bool:
        """Nothing would be lost if it began anew."""
        now = self._clock()
        return not self._places and self._requests.idle(now) and self._audio.idle(now)

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except AccessError as error:
            raise self.refused(error) from None
