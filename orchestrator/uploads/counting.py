"""The one place where uploaded audio is counted for its caller's limits."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.access.caller import Caller


def audio_counter(caller: Caller) -> Callable[[float], None]:
    """Told of every second of audio that is listened to; raises where the caller may send no more."""
    counter: Callable[[float], None] = getattr(caller, "add_audio", _uncounted)
    return counter


def _uncounted(_seconds: float) -> None:
    """For callers without limits."""
