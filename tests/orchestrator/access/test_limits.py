from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.access.limits import AudioDay, Limits, RequestWindow
from orchestrator.errors import LimitReached

DAY = 86_400.0


def served(times: list[float], per_minute: int) -> list[float]:
    window, counted = RequestWindow(per_minute), []
    for now in times:
        try:
            window.count(now)
            counted.append(now)
        except LimitReached:
            pass
    return counted


@given(st.lists(st.floats(0, 300), max_size=60).map(sorted), st.integers(1, 5))
def test_no_minute_has_more_requests_than_allowed(times: list[float], per_minute: int) -> None:
    counted = served(times, per_minute)
    for start in counted:
        assert sum(start <= now < start + 60 for now in counted) <= per_minute


def test_after_the_seconds_that_it_says_the_next_request_is_served() -> None:
    window = RequestWindow(2)
    window.count(0)
    window.count(10.5)
    with pytest.raises(LimitReached) as refused:
        window.count(20)
    assert refused.value.retry_after_seconds == 40
    assert refused.value.headers == {"Retry-After": "40"}
    window.count(60)


def test_audio_is_counted_by_the_day_and_what_would_be_too_much_is_not_counted() -> None:
    day = AudioDay(1)
    day.count(50, now=DAY)
    with pytest.raises(LimitReached) as refused:
        day.count(11, now=2 * DAY - 100)
    assert refused.value.retry_after_seconds == 100
    day.count(10, now=2 * DAY - 50)
    day.count(60, now=2 * DAY)


def test_without_a_limit_anything_goes() -> None:
    window, day = RequestWindow(None), AudioDay(None)
    for _ in range(1000):
        window.count(0)
        day.count(1e6, 0)


@pytest.mark.parametrize("limits", [{"sessions": 0}, {"audio_minutes_per_day": float("nan")}, {"bytes": 1}])
def test_a_limit_that_makes_no_sense_is_refused(limits: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate(limits)
