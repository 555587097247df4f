"""Whether a newcomer may come in: places are counted, and how long the others wait is measured.

Whoever is in keeps the place. Newcomers are refused while more than one turn in four of the last half minute waited too
long; where nobody takes turns, that is soon forgotten. Pure; the clock is given.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

WINDOW_SECONDS = 30.0
FULL_RETRY_SECONDS = 5
_FEWEST_TURNS = 4  # one slow turn is no load
_MOST_TURNS = 256
_LATE_SHARE = 0.25

Reason = Literal["full", "slow"]
REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True)
class Refusal:
    """Why a newcomer may not come in, and after how many seconds to ask again."""

    reason: Reason
    retry_after_seconds: int


class Admission:
    """The door of one process.

    max_sessions: places. limit_seconds: what a person may wait after the end of their turn.
    """

    def __init__(
        self, max_sessions: int, limit_seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_sessions = max_sessions
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._turns: deque[tuple[float, bool]] = deque(maxlen=_MOST_TURNS)  # (when, whether it was late)

    def allow(self, max_sessions: int, limit_seconds: float) -> None:
        """Change places and limit; whoever is in stays."""
        self._max_sessions = max_sessions
        self._limit_seconds = limit_seconds

    def turn_waited(self, seconds: float) -> None:
        """A turn was answered `seconds` after its end; infinite where the models had too much to do for it."""
        self._turns.append((self._clock(), seconds > self._limit_seconds))

    def refusal(self, open_sessions: int) -> Refusal | None:
        """None where a newcomer may come in beside `open_sessions` others."""
        if open_sessions >= self._max_sessions:
            return Refusal("full", FULL_RETRY_SECONDS)
        late = self._late()
        few = open_sessions == 0 or len(self._turns) < _FEWEST_TURNS
        if few or len(late) <= _LATE_SHARE * len(self._turns):
            return None
        return Refusal("slow", max(1, math.ceil(late[0] + WINDOW_SECONDS - self._clock())))

    def _late(self) -> list[float]:
        """When turns were late within the window, oldest first."""
        while self._turns and self._turns[0][0] < self._clock() - WINDOW_SECONDS:
            self._turns.popleft()
        return [at for at, late in self._turns if late]
