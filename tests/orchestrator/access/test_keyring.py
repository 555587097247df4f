from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from orchestrator.access.accounts import Accounts
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keyring import KeyRing
from orchestrator.access.keys import KeyRequest

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path)


@pytest.fixture
async def ring(file: KeyFile) -> KeyRing:
    return KeyRing(file, Accounts(lambda _: None))


async def test_a_key_works_as_soon_as_it_was_made(file: KeyFile, ring: KeyRing) -> None:
    shown, key = file.create(KeyRequest(name="phone", user="amal", scopes=("voice",)))
    caller = ring.caller(shown)
    assert caller is not None
    assert (caller.user, set(caller.scopes)) == ("amal", {"voice"})
    assert ring.caller(shown[:-1] + ("A" if shown[-1] != "A" else "B")) is None
    assert ring.caller(key.digest) is None


async def test_a_key_that_was_revoked_closes_what_it_has_open(file: KeyFile, ring: KeyRing) -> None:
    shown, key = file.create(KeyRequest(name="phone"))
    other, _ = file.create(KeyRequest(name="other"))
    caller, bystander = ring.caller(shown), ring.caller(other)
    assert caller is not None
    assert bystander is not None
    with caller.account.session() as place, bystander.account.session() as untouched:
        file.revoke(key.id)
        ring.refresh()
        assert place.ended.is_set()
        assert not untouched.ended.is_set()
    assert ring.caller(shown) is None


async def test_an_expired_key_is_nobodys(file: KeyFile, ring: KeyRing) -> None:
    expired = datetime.now(timezone.utc) - timedelta(seconds=1)
    shown, _ = file.create(KeyRequest(name="phone", expires_at=expired))
    assert ring.caller(shown) is None


async def test_a_file_that_was_broken_by_hand_changes_nothing(file: KeyFile, ring: KeyRing) -> None:
    shown, _ = file.create(KeyRequest(name="phone"))
    assert ring.caller(shown)
    file.path.write_text("{")
    assert ring.caller(shown)
    file.path.unlink()
    assert ring.caller(shown) is None


async def test_one_key_has_one_account(file: KeyFile, ring: KeyRing) -> None:
    shown, _ = file.create(KeyRequest(name="phone"))
    one, two = ring.caller(shown), ring.caller(shown)
    assert one is not None
    assert two is not None
    assert one.account is two.account
