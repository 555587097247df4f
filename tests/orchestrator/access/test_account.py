from __future__ import annotations

from contextlib import ExitStack

import pytest

from orchestrator.access.account import Account
from orchestrator.access.accounts import Accounts
from orchestrator.access.limits import UNLIMITED, Limits
from orchestrator.errors import LimitReached, RefusalReason, Unauthorized

pytestmark = pytest.mark.anyio


async def test_a_place_is_free_again_when_its_session_ends() -> None:
    reasons: list[RefusalReason] = []
    account = Account(Limits(sessions=1), reasons.append)
    with account.session(), pytest.raises(LimitReached, match="1 voice session"), account.session():
        pass
    with account.session():
        assert reasons == ["sessions"]


async def test_more_audio_than_allowed_ends_every_session_of_the_key() -> None:
    account = Account(Limits(audio_minutes_per_day=1), clock=lambda: 0.0)
    with account.session() as one, account.session() as other:
        account.add_audio(60)
        assert not one.ended.is_set()
        with pytest.raises(LimitReached):
            account.add_audio(0.1)
        assert one.ended.is_set()
        assert isinstance(other.error, LimitReached)


async def test_a_session_ends_when_what_opened_it_expires() -> None:
    now = [100.0]
    account = Account(clock=lambda: now[0])
    with account.session(until=110) as soon, account.session() as never:
        account.end_expired()
        assert not soon.ended.is_set()
        now[0] = 110
        account.end_expired()
        assert soon.ended.is_set()
        assert not never.ended.is_set()


async def test_a_closed_account_refuses_whoever_still_holds_it() -> None:
    account = Account()
    account.close(Unauthorized("this key was revoked"))
    with pytest.raises(Unauthorized):
        account.request()


async def test_accounts_of_which_nothing_would_be_lost_are_forgotten() -> None:
    accounts = Accounts(lambda _: None)
    with ExitStack() as stack:
        busy, fresh = accounts.of("busy", UNLIMITED), accounts.of("fresh", UNLIMITED)
        stack.enter_context(busy.session())
        accounts.tidy()
        assert accounts.of("busy", UNLIMITED) is busy
        assert accounts.of("fresh", UNLIMITED) is not fresh
