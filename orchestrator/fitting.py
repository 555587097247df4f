"""Which turns of a conversation a prompt still holds. Pure.

The oldest turns go, whole; the system messages and the turn that is asked stay. They go three quarters of the room at a
time, so that the next prompts begin as this one does: an engine that keeps what it has computed would otherwise compute
all of a long conversation anew at every turn. Where the cut lies follows from the conversation alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import chain
from math import ceil

from orchestrator.errors import ClientError
from orchestrator.history import Message

Size = Callable[[list[Message]], int]
"""How many tokens the prompt of some messages has."""


def recent(messages: Sequence[Message], size: Size, history_tokens: int) -> list[Message]:
    """Return the messages without the turns that are too old for `history_tokens`.

    The last turn is not counted: however it ends, its prompts begin alike.
    """
    system, turns = _split_turns(messages)
    past, asked = turns[:-1], turns[-1:]
    dropped = _excess_turns(lambda n: size(_joined(system, past[n:])), len(past), history_tokens)
    return _joined(system, past[dropped:] + asked)


def fit(messages: Sequence[Message], size: Size, max_tokens: int) -> list[Message]:
    """Return the messages whose prompt has at most `max_tokens`.

    Raises:
        ClientError: the last turn alone is longer than `max_tokens`.
    """
    system, turns = _split_turns(messages)
    past, asked = turns[:-1], turns[-1:]

    def whole(dropped: int) -> int:
        return size(_joined(system, past[dropped:] + asked))

    dropped = _excess_turns(whole, len(past), max_tokens)
    if dropped == len(past) and whole(dropped) > max_tokens:
        raise ClientError(f"this turn does not fit into the {max_tokens} tokens there are for it; say less")
    return _joined(system, past[dropped:] + asked)


def _excess_turns(size: Callable[[int], int], turns: int, max_tokens: int) -> int:
    """How many of the oldest of so many turns go; `size` is in tokens, by how many went."""
    whole = size(0) if turns else 0
    if whole <= max_tokens:
        return 0
    at_once = max(1, max_tokens * 3 // 4)
    wanted = whole - at_once * ceil((whole - max_tokens) / at_once)
    return bisect_left(range(turns), True, key=lambda dropped: size(dropped) <= wanted)


def _joined(system: list[Message], turns: Sequence[Sequence[Message]]) -> list[Message]:
    return [*system, *chain.from_iterable(turns)]


def _split_turns(messages: Sequence[Message]) -> tuple[list[Message], list[list[Message]]]:
    """The leading system messages, and the rest in turns that begin with a user's message."""
    first = next((i for i, message in enumerate(messages) if message["role"] != "system"), len(messages))
    turns: list[list[Message]] = []
    for message in messages[first:]:
        if message["role"] == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return list(messages[:first]), turns
