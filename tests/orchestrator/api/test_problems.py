"""Every request and every error can be found again by its id."""

from __future__ import annotations

import httpx2
import pytest


@pytest.fixture
def client(api: str) -> httpx2.Client:
    return httpx2.Client(base_url=api)


def test_an_unknown_path_is_a_problem_with_the_callers_request_id(client: httpx2.Client) -> None:
    answer = client.get("/no/such/thing", headers={"X-Request-ID": "call-17"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "call-17"
    assert answer.json()["code"] == "not_found"


def test_an_unusable_request_id_is_replaced(client: httpx2.Client) -> None:
    answer = client.get("/health", headers={"X-Request-ID": "a b" * 100})
    assert len(answer.headers["x-request-id"]) == 32


def test_documentation_is_served_without_any_other_host(client: httpx2.Client) -> None:
    for path in ("/docs", "/redoc"):
        page = client.get(path)
        assert page.status_code == 200
        assert "https://" not in page.text
    assert "Problem" in client.get("/openapi.json").json()["components"]["schemas"]


def test_what_cannot_be_encoded_can_still_be_complained_of(client: httpx2.Client) -> None:
    body = b'{"title": "a", "\\ud800": 1}'
    answer = client.post("/sessions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
