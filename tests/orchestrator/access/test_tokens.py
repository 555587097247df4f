from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from orchestrator.access.accounts import Accounts
from orchestrator.access.jwks import PAUSE_SECONDS, PublicKeys
from orchestrator.access.tokens import Tokens, looks_like_token
from orchestrator.errors import IdentityUnavailable, Unauthorized
from tests.orchestrator.access.provider import AUDIENCE, ISSUER, Provider, providing

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as provider:
        yield provider


def tokens_of(provider: Provider, **settings: Any) -> Tokens:
    return Tokens(provider.settings(**settings), Accounts(lambda _: None))


async def test_claims_become_a_user_and_scopes(provider: Provider) -> None:
    token = provider.token(scope="openid beautyai:voice beautyai:chat chat beautyai:root")
    assert looks_like_token(token)
    caller = await tokens_of(provider).caller(token)
    assert (caller.user, set(caller.scopes)) == ("oidc:amal", {"chat", "voice"})
    assert 300 < caller.until - time.time() <= 331


async def test_other_claims_can_be_named(provider: Provider) -> None:
    settings = {"user_claim": "email", "scopes_claim": "roles", "scope_prefix": "voice-assistant/"}
    token = provider.token(email="amal@example.org", roles=["voice-assistant/admin", "other"])
    caller = await tokens_of(provider, **settings).caller(token)
    assert (caller.user, set(caller.scopes)) == ("oidc:amal@example.org", {"admin"})


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"iss": "https://evil.example/"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"nbf": 9_999_999_999},
        {"headers": {"kid": "unknown"}},
    ],
)
async def test_a_token_that_is_not_meant_for_us_now_is_refused(
    provider: Provider, claims: dict[str, Any]
) -> None:
    with pytest.raises(Unauthorized, match="this token"):
        await tokens_of(provider).caller(provider.token(**claims))


async def test_clocks_may_differ_a_little(provider: Provider) -> None:
    late = provider.token(exp=time.time() - 20)
    assert (await tokens_of(provider).caller(late)).user == "oidc:amal"
    with pytest.raises(Unauthorized):
        await tokens_of(provider, clock_skew_seconds=5).caller(late)


def unsigned(algorithm: str, secret: bytes) -> str:
    """A token that anybody can make: with no signature, or with one by a secret that is none."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "amal", "exp": time.time() + 300}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": algorithm, "kid": "first"}, claims)
    ]
    signed = hmac.digest(secret, b".".join(parts), "sha256") if secret else b""
    return b".".join([*parts, base64.urlsafe_b64encode(signed).rstrip(b"=")]).decode()


async def test_a_token_signed_by_another_is_refused(provider: Provider) -> None:
    public = next(iter(provider.keys.values())).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    stranger = Provider(keys={"first": ec.generate_private_key(ec.SECP256R1())})
    # The public key taken for a shared secret is the known attack on servers that believe `alg`.
    nested = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    forged = (stranger.token(), unsigned("none", b""), unsigned("HS256", pem), f"{nested}.e30.x", "ey.e30.é")
    for token in forged:
        with pytest.raises(Unauthorized):
            await tokens_of(provider).caller(token)


async def test_keys_are_fetched_once_and_again_for_a_new_key(provider: Provider) -> None:
    now = [0.0]
    keys = PublicKeys(provider.url, clock=lambda: now[0])
    assert await keys.key("first")
    assert await keys.key("first")
    assert await keys.key(None)
    assert provider.fetches == 1
    provider.rotate("second")
    assert await keys.key("second") is None, "asked again too soon"
    now[0] = PAUSE_SECONDS
    assert await keys.key("second")
    assert await keys.key("first") is None
    assert provider.fetches == 2


async def test_keys_that_were_had_are_used_while_the_provider_does_not_answer(provider: Provider) -> None:
    now = [0.0]
    keys = PublicKeys(provider.url, clock=lambda: now[0])
    assert await keys.key("first")
    provider.answers, now[0] = False, 10_000.0
    assert await keys.key("first")
    assert provider.fetches == 2


async def test_a_provider_that_never_answered_is_our_fault_and_not_the_callers(provider: Provider) -> None:
    provider.answers = False
    with pytest.raises(IdentityUnavailable) as unavailable:
        await tokens_of(provider).caller(provider.token())
    assert unavailable.value.status == 503


@pytest.mark.parametrize(
    "wrong",
    [
        {"jwks_url": "http://login.example/keys"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"algorithms": []},
        {"issuer": ""},
    ],
)
async def test_settings_that_would_let_anybody_in_are_refused(
    provider: Provider, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        provider.settings(**wrong)
