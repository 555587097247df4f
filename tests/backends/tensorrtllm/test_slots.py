"""Where a prompt is computed, from what the slots hold."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from backends.tensorrtllm.slots import Slot, place, shared_prefix

SYSTEM = list(range(1000, 1024))


def talk(person: int, tokens: int) -> list[int]:
    """A conversation: the system prompt that all share, and what this person said."""
    return SYSTEM + [person * 10_000 + n for n in range(tokens)]


def slots(*held: Sequence[int], running: Sequence[int] = ()) -> list[Slot[str]]:
    """Slots that were used one after the other."""
    return [
        Slot(index, list(tokens), float(index), "generation" if index in running else None)
        for index, tokens in enumerate(held)
    ]


def placed(prompt: list[int], among: list[Slot[str]]) -> tuple[int, int, int]:
    """Slot, source, tokens kept."""
    found = place(prompt, among)
    assert found is not None
    return found.slot.index, found.source.index, found.kept


def test_without_a_free_slot_there_is_no_place() -> None:
    assert place([1, 2], slots([1], [2], running=(0, 1))) is None


def test_a_conversation_goes_on_in_its_own_slot() -> None:
    among = slots([], talk(1, 100), talk(2, 100), [])
    assert placed(talk(1, 120), among) == (1, 1, 124)


def test_the_last_token_of_a_prompt_is_always_computed() -> None:
    assert placed(talk(1, 50), slots(talk(1, 100))) == (0, 0, 73)


def test_while_its_slot_is_taken_it_begins_with_a_copy() -> None:
    among = slots(talk(1, 200), talk(2, 200), [], running=(0,))
    assert placed(talk(1, 220), among) == (2, 0, 224)


def test_a_short_beginning_is_read_again_instead_of_copied() -> None:
    among = slots([7] * 10, [], running=(0,))
    assert placed([7] * 30, among) == (1, 1, 0)


def test_a_copy_takes_the_place_of_what_others_hold_as_well() -> None:
    # The older prompt of the first conversation is the beginning of the one that runs.
    among = slots(talk(1, 150), talk(2, 200), talk(1, 200), running=(2,))
    assert placed(talk(1, 220), among) == (0, 2, 224)


def test_a_new_conversation_takes_the_slot_unused_for_the_longest_time() -> None:
    among = slots(talk(1, 900), talk(2, 100), talk(3, 400))
    assert placed(talk(4, 10), among) == (0, 0, 24)


def test_a_probe_goes_where_probes_go() -> None:
    among = slots(talk(1, 100), [5, 6], talk(2, 100))
    assert placed([5], among)[0] == 1


@given(st.lists(st.lists(st.integers(0, 2), max_size=60), min_size=1, max_size=5), st.data())
def test_a_place_is_free_and_keeps_only_what_its_source_holds(
    held: list[list[int]], data: st.DataObject
) -> None:
    prompt = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=60))
    running = data.draw(st.sets(st.integers(0, len(held) - 1), max_size=len(held) - 1))
    found = place(prompt, slots(*held, running=tuple(running)))
    assert found is not None
    assert found.slot.running is None
    assert found.kept <= shared_prefix(found.source.tokens, prompt)
    assert found.kept < len(prompt)
