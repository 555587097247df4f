"""A body that is too large is refused, announced or not, and only where its path does not take it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from orchestrator.api.limits import JSON_BYTES, limit_bytes


@pytest.fixture
def client(api: str) -> httpx2.Client:
    return httpx2.Client(base_url=api)


def chunks() -> Iterator[bytes]:
    """One byte too many, without a length before it."""
    yield b" " * JSON_BYTES
    yield b" "


@pytest.mark.parametrize("body", [b" " * (JSON_BYTES + 1), chunks()], ids=["announced", "chunked"])
def test_a_large_body_is_refused(client: httpx2.Client, body: bytes | Iterator[bytes]) -> None:
    answer = client.post("/inference/chat", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


def test_under_v1_it_is_refused_in_openais_shape(client: httpx2.Client) -> None:
    answer = client.post("/v1/chat/completions", content=b" " * (JSON_BYTES + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_uploads_have_room() -> None:
    assert limit_bytes("/v1/audio/transcriptions") > JSON_BYTES
    assert limit_bytes("/v1/chat/completions") == JSON_BYTES
