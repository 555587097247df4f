"""Who is let in without a key, and when nobody is: the app in this process, asked from near and far."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.types import Message

from orchestrator.access.limits import Limits
from orchestrator.app import create_app
from orchestrator.errors import BadSetting
from tests.orchestrator.access.conftest import asking, key_in, settings_in
from tests.orchestrator.access.provider import Provider, providing

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing() as provider:
        yield provider


async def test_loopback_needs_no_key(local: FastAPI) -> None:
    async with asking(local) as client:
        assert (await client.get("/access/keys")).json() == {"keys": []}
        assert (await client.get("/metrics")).status_code == 200


async def test_a_word_for_a_key_does_no_harm_where_none_is_needed_but_a_wrong_key_is_told(
    local: FastAPI,
) -> None:
    async with asking(local) as client:
        unused = {"Authorization": "Bearer unused"}
        assert (await client.get("/access/keys", headers=unused)).status_code == 200
        wrong = await client.get("/access/keys", headers={"X-API-Key": "bai_wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
async def test_what_a_proxy_passes_on_is_not_local(local: FastAPI, name: str) -> None:
    async with asking(local) as client:
        answer = await client.get("/access/keys", headers={name: "203.0.113.9"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_who_comes_by_another_name_or_from_elsewhere_is_not_local(tmp_path: Path) -> None:
    app = create_app(settings_in(tmp_path, allowed_hosts=("voice.example",)))
    async with asking(app, url="http://voice.example") as by_name, asking(app, peer="10.0.0.9") as from_afar:
        assert (await by_name.get("/access/keys")).status_code == 401
        assert (await from_afar.get("/access/keys")).status_code == 401


async def test_a_name_that_a_stranger_chose_for_this_machine_is_refused(local: FastAPI) -> None:
    async with asking(local, url="http://evil.example:8000") as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


async def test_a_strangers_page_may_not_use_the_open_loopback(local: FastAPI) -> None:
    async with asking(local) as client:
        answer = await client.post("/access/tickets", headers={"Origin": "https://evil.example"})
        own = await client.post("/access/tickets", headers={"Origin": "http://127.0.0.1:8000"})
    assert (answer.status_code, own.status_code) == (403, 200)


async def test_keys_can_be_required_on_loopback_too(tmp_path: Path) -> None:
    key = key_in(tmp_path, "admin")
    app = create_app(settings_in(tmp_path, require_keys=True))
    async with asking(app) as client:
        assert (await client.get("/access/keys")).status_code == 401
        assert (await client.get("/access/keys", headers={"X-API-Key": key})).status_code == 200


@pytest.mark.parametrize("changes", [{"host": "0.0.0.0"}, {"host": "10.0.0.7"}, {"require_keys": True}])
def test_where_others_come_in_and_there_is_no_key_it_does_not_start(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    with pytest.raises(BadSetting) as refused:
        create_app(settings_in(tmp_path, **changes))
    for words in ("python -m orchestrator.access create", "make key", "keys.json"):
        assert words in str(refused.value)


async def test_on_another_address_who_shows_no_key_is_nobody(tmp_path: Path) -> None:
    key = key_in(tmp_path, "chat")
    app = create_app(settings_in(tmp_path, host="0.0.0.0"))
    async with asking(app, url="http://any.example") as client:
        assert (await client.get("/health")).status_code == 200
        assert (await client.get("/metrics")).status_code == 401
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    assert "`metrics`" in answer.json()["detail"]


async def answered(app: FastAPI, host: bytes) -> int:
    """The status with which `/health` is answered to whoever sends this `Host`."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asked = {"type": "http", "http_version": "1.1", "scheme": "http", "method": "GET", "path": "/health"}
    peer = {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "root_path": "", "query_string": b""}
    await app({**asked, **peer, "raw_path": b"/health", "headers": [(b"host", host)]}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", [b"[", b"a b", b"", b"[::1", b"x:y:z", b"\xe9"])
async def test_a_senseless_host_breaks_nothing(tmp_path: Path, local: FastAPI, host: bytes) -> None:
    key_in(tmp_path)
    assert await answered(local, host) == 421
    assert await answered(create_app(settings_in(tmp_path, host="0.0.0.0")), host) == 200


async def test_an_identity_provider_stands_for_keys(tmp_path: Path, provider: Provider) -> None:
    app = create_app(settings_in(tmp_path, host="0.0.0.0", oidc=provider.settings().model_dump()))
    token = provider.token(scope="beautyai:metrics")
    async with asking(app, url="http://any.example") as client:
        assert (await client.get("/metrics", headers={"Authorization": f"Bearer {token}"})).status_code == 200
        assert (
            await client.get("/metrics", headers={"Authorization": f"Bearer {token}x"})
        ).status_code == 401
        provider.answers = False


async def test_more_requests_than_a_key_allows_are_answered_429_and_counted(tmp_path: Path) -> None:
    key = key_in(tmp_path, "metrics", limits=Limits(requests_per_minute=2))
    app = create_app(settings_in(tmp_path, require_keys=True))
    async with asking(app) as client:
        for _ in range(2):
            assert (await client.get("/health", headers={"X-API-Key": key})).status_code == 200
        refused = await client.get("/health", headers={"X-API-Key": key})
        await client.get("/access/keys", headers={"X-API-Key": "bai_x"})
        counted = await client.get("/metrics", headers={"X-API-Key": key_in(tmp_path, "metrics")})
    assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"]
    assert 'beautyai_access_refused_total{reason="requests"} 1.0' in counted.text
    assert 'beautyai_access_refused_total{reason="unknown_key"} 1.0' in counted.text


async def test_other_pages_hear_nothing_unless_they_are_named(tmp_path: Path, local: FastAPI) -> None:
    page = {"Origin": "https://app.example"}
    preflight = {
        **page,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    async with asking(local) as client:
        assert "access-control-allow-origin" not in (await client.get("/health", headers=page)).headers
    app = create_app(settings_in(tmp_path, allowed_origins=("https://app.example",)))
    async with asking(app) as client:
        asked = await client.options("/access/tickets", headers=preflight)
        assert asked.headers["access-control-allow-origin"] == "https://app.example"
        refused = await client.get("/access/keys", headers={**page, "X-API-Key": "bai_x"})
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        assert (await client.post("/access/tickets", headers=page)).status_code == 200
