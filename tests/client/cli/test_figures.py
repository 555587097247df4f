from __future__ import annotations

import anyio
import pytest

from client.cli.figures import figures, percentile, ratios
from client.cli.load import Load, Took, all_at
from client.errors import NoAnswer


def test_a_percentile_lies_between_two_values_by_proportion() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([0.0, 100.0], 0.95) == pytest.approx(95.0)


def test_figures_hold_what_was_measured_only() -> None:
    load = Load(2, [Took(100.0, 10, 20.0), Took(300.0, 30, 40.0)], [NoAnswer("silent")], 2.0)
    assert figures(load) == {
        "requests": 2,
        "failed": 1,
        "concurrency": 2,
        "wall_s": 2.0,
        "first_token_ms": {"p50": 200.0, "p95": 290.0},
        "tokens_per_second": {"p50": 30.0, "p95": 39.0},
        "tokens_per_second_together": 20.0,
    }


def test_ratios_compare_with_one_session_alone() -> None:
    alone = figures(Load(1, [Took(100.0, 10, 20.0)], [], 1.0))
    together = figures(Load(4, [Took(250.0, 10, 5.0)] * 4, [], 2.0))
    assert ratios(together, alone) == {
        "first_token_ms": 2.5,
        "tokens_per_second": 0.25,
        "tokens_per_second_together": 2.0,
    }
    assert ratios(together, figures(Load(1, [], [NoAnswer("silent")], 1.0))) == {}


@pytest.mark.anyio
async def test_requests_run_so_many_at_a_time_and_a_failure_is_counted() -> None:
    running = most = advanced = 0

    async def request() -> Took:
        nonlocal running, most
        running += 1
        most = max(most, running)
        number = most + running
        await anyio.sleep(0.01)
        running -= 1
        if number == 2:
            raise NoAnswer("silent")
        return Took(1.0)

    def advance() -> None:
        nonlocal advanced
        advanced += 1

    load = await all_at(3, 7, request, advance)
    assert (most, advanced) == (3, 7)
    assert len(load.took) + len(load.errors) == 7
    assert len(load.errors) == 1
    assert load.wall_s >= 0.03
