"""A language model behind a real Triton, and what may be expected of its engine."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

from tests.backends.tensorrtllm.llm_client import Llm


@dataclass(frozen=True)
class Served:
    """One engine."""

    llm: Llm
    capacity: int
    """Slots and places in the queue."""
    late_tokens: int
    """As many may be computed after a cancel: those on their way, and those until the next check for it."""

    bans_long_words: bool
    """Whether a bad word may have several tokens."""

    reloads: int
    """How often it is loaded again in a test."""

    @property
    def is_idle(self) -> bool:
        return self.llm.metric("active_requests") == 0 == self.llm.metric("waiting_requests")


def until(condition: Any, seconds: float = 10) -> bool:
    """Whether the condition came true in time."""
    deadline = monotonic() + seconds
    while not condition() and monotonic() < deadline:
        sleep(0.01)
    return bool(condition())
