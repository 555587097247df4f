from __future__ import annotations

import pytest

from orchestrator.access.caller import LOCAL
from orchestrator.access.tickets import LIFETIME_SECONDS, Tickets
from orchestrator.errors import LimitReached


def test_a_ticket_is_good_once() -> None:
    tickets = Tickets()
    ticket = tickets.issue(LOCAL)
    assert tickets.redeem("another") is None
    assert tickets.redeem(ticket) is LOCAL
    assert tickets.redeem(ticket) is None


def test_a_ticket_is_good_for_half_a_minute() -> None:
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    first = tickets.issue(LOCAL)
    now[0] = LIFETIME_SECONDS - 1
    second = tickets.issue(LOCAL)
    now[0] = LIFETIME_SECONDS
    assert tickets.redeem(first) is None
    assert tickets.redeem(second) is LOCAL


def test_tickets_that_nobody_uses_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.access.tickets._MOST", 3)
    now = [0.0]
    tickets = Tickets(clock=lambda: now[0])
    for _ in range(3):
        tickets.issue(LOCAL)
    with pytest.raises(LimitReached):
        tickets.issue(LOCAL)
    now[0] = LIFETIME_SECONDS
    tickets.issue(LOCAL)
