"""How much one key may ask for, and what of it is used: requests of a minute, seconds of audio of a day. Pure."""

from __future__ import annotations

import math
from collections import deque

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.errors import LimitReached

_MINUTE_SECONDS = 60.0
_DAY_SECONDS = 86_400.0


class Limits(BaseModel):
    """What a key allows; absent is unlimited. A day is one of UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    sessions: int | None = Field(None, ge=1, le=100_000, description="Voice sessions at the same time")
    requests_per_minute: int | None = Field(None, ge=1, le=10_000)
    audio_minutes_per_day: float | None = Field(None, gt=0, le=1_000_000)


UNLIMITED = Limits()


class RequestWindow:
    """Requests of the last minute."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._times: deque[float] = deque(maxlen=per_minute or 1)

    def count(self, now: float) -> None:
        """One request at `now` (seconds). Raises: LimitReached, and then it is not counted."""
        full = self._per_minute is not None and len(self._times) == self._per_minute
        if full and (wait_seconds := self._times[0] + _MINUTE_SECONDS - now) > 0:
            message = (
                f"this key allows {self._per_minute} requests a minute; wait {math.ceil(wait_seconds)} s"
            )
            raise LimitReached(message, "requests", math.ceil(wait_seconds))
        self._times.append(now)

    def idle(self, now: float) -> bool:
        return not self._times or self._times[-1] + _MINUTE_SECONDS <= now


class AudioDay:
    """Seconds of audio of one UTC day."""

    def __init__(self, minutes: float | None) -> None:
        self._limit_seconds = math.inf if minutes is None else 60 * minutes
        self._day = -1
        self._used_seconds = 0.0

    def count(self, seconds: float, now: float) -> None:
        """`seconds` more at `now` (Unix time). Raises: LimitReached, and then they are not counted."""
        self._turn_to(now)
        if self._used_seconds + seconds > self._limit_seconds:
            message = (
                f"this key allows {self._limit_seconds / 60:g} minutes of audio a day (UTC), "
                f"of which {self._used_seconds / 60:.1f} are used"
            )
            raise LimitReached(message, "audio", math.ceil(_DAY_SECONDS - now % _DAY_SECONDS))
        self._used_seconds += seconds

    def idle(self, now: float) -> bool:
        self._turn_to(now)
        return self._used_seconds == 0

    def _turn_to(self, now: float) -> None:
        if (day := int(now // _DAY_SECONDS)) != self._day:
            self._day, self._used_seconds = day, 0.0
