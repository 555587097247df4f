"""What the caches of an engine's slots hold, and where a prompt finds the most of it. Pure.

A prompt is read from the longest beginning that any slot holds, also one that still generates: a conversation whose
next prompt comes while its reply runs, or while a reply is prepared, does not read itself anew. It takes the slot
where the least is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WORTH_COPYING_TOKENS = 16
"""So many take longer to read than a cache takes to copy."""
CHEAP_TOKENS = 32
"""A slot that would lose no more than this is as good as empty: what it holds is soon read again."""

Occupant = TypeVar("Occupant")


@dataclass(eq=False)
class Slot(Generic[Occupant]):
    """One sequence of the engine."""

    index: int
    tokens: list[int] = field(default_factory=list)
    """What its cache holds."""
    used_at: float = 0.0
    running: Occupant | None = None


@dataclass(frozen=True)
class Place(Generic[Occupant]):
    """Where a prompt is computed: in `slot`, from the first `kept` tokens of what `source` holds."""

    slot: Slot[Occupant]
    source: Slot[Occupant]
    kept: int


def place(prompt: Sequence[int], slots: Sequence[Slot[Occupant]]) -> Place[Occupant] | None:
    """Where to compute `prompt`; None where every slot is taken.

    Slots that would lose little come first, of these the one that keeps most and loses least; else the one that was not
    used for the longest time. Its own beginning is used unless another slot's is so much longer that copying pays.
    """
    free = [slot for slot in slots if slot.running is None]
    if not free:
        return None
    shared = {slot.index: shared_prefix(slot.tokens, prompt) for slot in slots}

    def cost(slot: Slot[Occupant]) -> tuple[bool, int, float]:
        lost = _lost_tokens(slot, shared[slot.index], slots)
        is_dear = lost > CHEAP_TOKENS
        return is_dear, 0 if is_dear else lost - shared[slot.index], slot.used_at

    slot = min(free, key=cost)
    source = max(slots, key=lambda other: shared[other.index])
    if shared[source.index] - shared[slot.index] < WORTH_COPYING_TOKENS:
        source = slot
    # The last prompt token is computed again: its logits choose the first output token.
    return Place(slot, source, min(shared[source.index], len(prompt) - 1))


def shared_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many tokens two sequences begin with alike."""
    for position, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return position
    return min(len(left), len(right))


def _lost_tokens(slot: Slot[Occupant], shared: int, slots: Sequence[Slot[Occupant]]) -> int:
    """How many of its tokens neither the prompt nor another slot has."""
    elsewhere = [shared_prefix(slot.tokens, other.tokens) for other in slots if other is not slot]
    return len(slot.tokens) - max([shared, *elsewhere])
