"""When to stop asking a service that keeps failing. Pure: the clock is given.

closed --(max_failures within window_s)--> open --(open_s pass)--> half-open, one probe --> closed or open
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable


class CircuitBreaker:
    """Counts failures from any thread. `clock` returns monotonic seconds."""

    def __init__(
        self, clock: Callable[[], float], max_failures: int = 5, window_s: float = 30.0, open_s: float = 30.0
    ) -> None:
        self._clock = clock
        self._max_failures = max_failures
        self._window_s = window_s
        self._open_s = open_s
        self._failed_at: deque[float] = deque(maxlen=max_failures)
        self._opened_at: float | None = None
        self._probing = False
        self._lock = threading.Lock()

    def allow(self) -> bool:
        """Whether to call now. Every True is followed by one of succeeded, failed, abandoned."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._probing or self._clock() - self._opened_at < self._open_s:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        """The call went well: a probe closes the circuit."""
        with self._lock:
            if self._probing:
                self._opened_at, self._probing = None, False
                self._failed_at.clear()

    def failed(self) -> None:
        """The call failed: a probe opens the circuit again, other calls are counted."""
        now = self._clock()
        with self._lock:
            self._failed_at.append(now)
            full = len(self._failed_at) == self._max_failures
            if self._probing or (full and now - self._failed_at[0] <= self._window_s):
                self._opened_at, self._probing = now, False

    def abandoned(self) -> None:
        """The caller went away before the outcome was known: the next call may probe."""
        with self._lock:
            self._probing = False
