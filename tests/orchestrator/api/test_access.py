"""`/access/…` over HTTP, and that no route is open that should not be."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from orchestrator.access.keys import KEY_PATTERN
from orchestrator.app import create_app
from tests.orchestrator.access.conftest import asking, key_in, settings_in

pytestmark = pytest.mark.anyio

OPEN = {"/health", "/ready"}


@pytest.fixture
async def app(tmp_path: Path) -> FastAPI:
    return create_app(settings_in(tmp_path, require_keys=False, host="0.0.0.0"))


@pytest.fixture(autouse=True)
def admin(tmp_path: Path) -> dict[str, str]:
    return {"X-API-Key": key_in(tmp_path, "admin")}


async def test_every_described_route_but_the_probes_needs_a_key(app: FastAPI) -> None:
    async with asking(app, url="http://any.example") as client:
        for path, operations in app.openapi()["paths"].items():
            for method in operations:
                answer = await client.request(method, path.replace("{", "").replace("}", ""))
                assert (answer.status_code == 401) == (path not in OPEN), (method, path, answer.status_code)


async def test_every_described_route_names_the_scope_that_is_missing(app: FastAPI, tmp_path: Path) -> None:
    nothing = {"X-API-Key": key_in(tmp_path, "metrics")}
    async with asking(app, url="http://any.example") as client:
        for path, operations in app.openapi()["paths"].items():
            for method in operations.keys() if path not in {*OPEN, "/metrics", "/access/tickets"} else ():
                answer = await client.request(method, path.replace("{", "").replace("}", ""), headers=nothing)
                assert answer.status_code == 403, (method, path)


async def test_a_key_is_made_seen_once_and_revoked(app: FastAPI, admin: dict[str, str]) -> None:
    async with asking(app, url="http://any.example") as client:
        client.headers.update(admin)
        wish = {"name": "phone", "user": "amal", "scopes": ["voice"], "limits": {"sessions": 1}}
        made = await client.post("/access/keys", json=wish)
        assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
        assert KEY_PATTERN.fullmatch(made.json()["key"])
        theirs = {"X-API-Key": made.json()["key"]}
        assert (await client.post("/access/tickets", headers=theirs)).status_code == 200

        listed = (await client.get("/access/keys")).text
        assert made.json()["id"] in listed
        assert made.json()["key"] not in listed
        assert "digest" not in listed

        gone = f"/access/keys/{made.json()['id']}"
        assert (await client.delete(gone)).status_code == 204
        assert (await client.delete(gone)).json()["code"] == "not_found"
        assert (await client.post("/access/tickets", headers=theirs)).status_code == 401


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": "phone", "scopes": ["root"]}, "scopes.0"),
        ({"name": "phone", "key": "bai_mine"}, "key"),
        ({"name": "phone", "limits": {"sessions": -1}}, "limits.sessions"),
        ({"scopes": ["chat"]}, "name"),
    ],
)
async def test_a_wrong_wish_is_refused_by_name(
    app: FastAPI, admin: dict[str, str], wish: dict[str, object], field: str
) -> None:
    async with asking(app, url="http://any.example") as client:
        answer = await client.post("/access/keys", json=wish, headers=admin)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_documentation_is_open_and_says_how_to_show_a_key(app: FastAPI) -> None:
    async with asking(app, url="http://any.example") as client:
        pages: list[httpx2.Response] = [
            await client.get(path) for path in ("/docs", "/redoc", "/openapi.json")
        ]
    assert [page.status_code for page in pages] == [200, 200, 200]
    schemes = pages[2].json()["components"]["securitySchemes"]
    assert {schemes["Bearer"]["scheme"], schemes["X-API-Key"]["name"]} == {"bearer", "X-API-Key"}
