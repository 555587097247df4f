"""Voice sessions over a real socket, on a server that wants keys and has no models behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import digest_of, id_of
from orchestrator.access.limits import Limits
from tests.orchestrator.access.conftest import Keyed, key_in


@contextmanager
def talking(keyed: Keyed, key: str, **options: Any) -> Iterator[ClientConnection]:
    with connect(keyed.voice, additional_headers={"Authorization": f"Bearer {key}"}, **options) as socket:
        assert json.loads(socket.recv(5))["type"] == "ready"
        yield socket


def ticket_for(keyed: Keyed, key: str) -> str:
    answer = httpx2.post(f"{keyed.url}/access/tickets", headers={"X-API-Key": key})
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.raise_for_status().json()["ticket"])


def offered(ticket: str) -> list[Subprotocol]:
    return [Subprotocol("beautyai"), Subprotocol(f"beautyai.ticket.{ticket}")]


def refused(url: str, **options: Any) -> InvalidStatus:
    with pytest.raises(InvalidStatus) as raised, connect(url, **options):
        pass
    return raised.value


def close_code(socket: ClientConnection, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    try:
        while True:
            socket.recv(max(0.0, deadline - time.monotonic()))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def test_a_key_with_the_scope_voice_opens_a_session(keyed: Keyed) -> None:
    with talking(keyed, key_in(keyed.folder, "voice")) as socket:
        assert socket.subprotocol is None


def test_a_ticket_opens_one_session_and_the_server_takes_up_our_protocol(keyed: Keyed) -> None:
    ticket = ticket_for(keyed, key_in(keyed.folder, "voice"))
    offers = offered(ticket)
    with connect(keyed.voice, subprotocols=offers, origin=Origin(keyed.url)) as socket:
        assert socket.subprotocol == "beautyai"
        assert json.loads(socket.recv(5))["type"] == "ready"
    again = refused(keyed.voice, subprotocols=offers)
    assert again.response.status_code == 401
    assert b"ticket" in again.response.body


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer bai_wrong"}, {"X-API-Key": "anything"}])
def test_without_a_valid_key_the_upgrade_is_refused_with_401(keyed: Keyed, headers: dict[str, str]) -> None:
    answer = refused(keyed.voice, additional_headers=headers).response
    assert answer.status_code == 401
    assert json.loads(answer.body)["code"] == "unauthorized"


def test_a_key_without_the_scope_is_told_which_one_is_missing(keyed: Keyed) -> None:
    key = key_in(keyed.folder, "chat")
    answer = refused(keyed.voice, additional_headers={"X-API-Key": key}).response
    assert answer.status_code == 403
    assert "`voice`" in json.loads(answer.body)["detail"]


def test_a_key_in_the_url_is_refused_and_why_is_said(keyed: Keyed) -> None:
    answer = refused(f"{keyed.voice}?api_key={key_in(keyed.folder)}").response
    assert (answer.status_code, json.loads(answer.body)["code"]) == (400, "key_in_url")


def test_a_strangers_page_may_not_talk_even_with_a_ticket(keyed: Keyed) -> None:
    ticket = ticket_for(keyed, key_in(keyed.folder, "voice"))
    offers = offered(ticket)
    answer = refused(keyed.voice, subprotocols=offers, origin="https://evil.example").response
    assert answer.status_code == 403


def test_more_sessions_than_a_key_allows_are_refused_with_429_until_one_ends(keyed: Keyed) -> None:
    key = key_in(keyed.folder, "voice", limits=Limits(sessions=1))
    with talking(keyed, key):
        answer = refused(keyed.voice, additional_headers={"X-API-Key": key}).response
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        with talking(keyed, key_in(keyed.folder, "voice", limits=Limits(sessions=1))):
            pass
    deadline = time.monotonic() + 5
    while True:
        try:
            with talking(keyed, key):
                return
        except InvalidStatus:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_the_session_of_a_key_that_is_revoked_is_closed_within_two_seconds(keyed: Keyed) -> None:
    key = key_in(keyed.folder, "voice")
    with talking(keyed, key) as socket, talking(keyed, key_in(keyed.folder, "voice")) as other:
        KeyFile(keyed.folder).revoke(id_of(digest_of(key)))
        assert close_code(socket, 2.5) == 1008
        other.send('{"type": "ping"}')
        assert json.loads(other.recv(5))["type"] == "pong"
    assert refused(keyed.voice, additional_headers={"X-API-Key": key}).response.status_code == 401


def test_a_ticket_dies_with_its_key(keyed: Keyed) -> None:
    key = key_in(keyed.folder, "voice")
    ticket = ticket_for(keyed, key)
    KeyFile(keyed.folder).revoke(id_of(digest_of(key)))
    httpx2.get(f"{keyed.url}/health", headers={"X-API-Key": key})  # has the file read anew
    answer = refused(keyed.voice, subprotocols=offered(ticket)).response
    assert answer.status_code == 401


def test_more_audio_than_a_key_allows_is_told_and_closes_with_1013(keyed: Keyed) -> None:
    key = key_in(keyed.folder, "voice", limits=Limits(audio_minutes_per_day=0.01))
    with talking(keyed, key) as socket:
        socket.send(bytes(2 * 16_000))
        assert json.loads(socket.recv(5))["code"] == "limit_reached"
        assert close_code(socket, 5) == 1013
