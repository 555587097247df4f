from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timezone

import pytest
from pydantic import ValidationError

from orchestrator.access.keys import KEY_PATTERN, PREFIX, KeyRequest, new_key


def test_a_key_has_256_random_bits() -> None:
    keys = {new_key(KeyRequest(name="phone"))[0] for _ in range(50)}
    assert len(keys) == 50
    for key in keys:
        assert KEY_PATTERN.fullmatch(key)
        assert len(base64.urlsafe_b64decode(key.removeprefix(PREFIX) + "=")) == 32


def test_only_a_digest_is_kept() -> None:
    shown, kept = new_key(KeyRequest(name="phone"))
    assert shown.removeprefix(PREFIX) not in kept.model_dump_json()
    assert kept.digest == hashlib.sha256(shown.encode()).hexdigest()
    assert "digest" not in kept.info().model_dump()


def test_a_key_without_a_user_shares_its_conversations_with_no_other() -> None:
    one, other = (new_key(KeyRequest(name="phone"))[1] for _ in range(2))
    assert one.user != other.user
    assert new_key(KeyRequest(name="phone", user="amal"))[1].user == "amal"


def test_a_time_without_a_zone_is_utc() -> None:
    request = KeyRequest.model_validate({"name": "phone", "expires_at": "2030-01-01T00:00:00"})
    assert request.expires_at == datetime(2030, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "wrong",
    [
        {"expires_at": "0001-01-01T00:00:00+14:00"},
        {"name": ""},
        {"name": "a\nb"},
        {"scopes": []},
        {"scopes": ["root"]},
        {"user": "oidc:amal"},
        {"key": "mine"},
    ],
)
def test_a_wrong_request_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KeyRequest.model_validate({"name": "phone", **wrong})
