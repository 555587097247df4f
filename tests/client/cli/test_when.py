from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from client.cli.when import when


@pytest.fixture(autouse=True)
def two_hours_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "<+02>-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "moment", ["2026-11-30T22:41:56Z", "2026-11-30T22:41:56.5+00:00", 1796078516, 1796078516.5]
)
def test_a_time_is_shown_in_the_zone_of_this_machine(moment: str | float) -> None:
    assert when(moment) == "2026-12-01 00:41:56"


def test_what_is_no_time_stays() -> None:
    assert (when(None), when("yesterday")) == ("-", "yesterday")
