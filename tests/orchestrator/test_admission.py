from __future__ import annotations

import math

import pytest

from orchestrator.admission import FULL_RETRY_SECONDS, WINDOW_SECONDS, Admission, Refusal


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def door(clock: Clock) -> Admission:
    return Admission(max_sessions=8, limit_seconds=1.0, clock=clock)


def turns(door: Admission, clock: Clock, *waits_seconds: float) -> None:
    """One a second."""
    for wait_seconds in waits_seconds:
        door.turn_waited(wait_seconds)
        clock.now += 1


def test_at_first_every_place_can_be_taken(door: Admission) -> None:
    assert [door.refusal(open_sessions) for open_sessions in range(8)] == [None] * 8
    assert door.refusal(8) == Refusal("full", FULL_RETRY_SECONDS)


def test_newcomers_are_refused_while_many_turns_are_late(door: Admission, clock: Clock) -> None:
    turns(door, clock, 0.3, 0.4, 1.5, 1.2)
    assert door.refusal(2) == Refusal("slow", 28)


@pytest.mark.parametrize(
    "waits_seconds", [(1.0, 1.0, 1.0, 1.0), (0.3, 0.4, 5.0, 0.3), (2.0, 2.0, 2.0), (0.2, 0.2, 0.2, math.inf)]
)
def test_a_few_late_turns_are_no_load(
    door: Admission, clock: Clock, waits_seconds: tuple[float, ...]
) -> None:
    turns(door, clock, *waits_seconds)
    assert door.refusal(2) is None


def test_a_turn_for_which_the_models_had_too_much_to_do_is_late(door: Admission, clock: Clock) -> None:
    turns(door, clock, 0.1, 0.1, math.inf, math.inf)
    assert door.refusal(2) is not None


def test_it_recovers_when_turns_are_in_time_again(door: Admission, clock: Clock) -> None:
    turns(door, clock, *[2.0] * 4)
    assert door.refusal(2) is not None
    turns(door, clock, *[0.2] * 12)
    assert door.refusal(2) is None


def test_after_the_time_it_named_a_newcomer_finds_another_picture(door: Admission, clock: Clock) -> None:
    turns(door, clock, *[2.0] * 4)
    refusal = door.refusal(2)
    assert refusal is not None
    clock.now += refusal.retry_after_seconds + 0.1
    assert door.refusal(2) is None


def test_it_forgets_where_nobody_takes_turns(door: Admission, clock: Clock) -> None:
    turns(door, clock, *[9.0] * 20)
    clock.now += WINDOW_SECONDS
    assert door.refusal(2) is None


def test_where_nobody_is_there_is_nobody_to_protect(door: Admission, clock: Clock) -> None:
    turns(door, clock, *[9.0] * 20)
    assert door.refusal(0) is None
