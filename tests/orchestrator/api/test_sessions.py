"""Sessions over HTTP: made, listed, read, named, deleted, taken out and in."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from client.conversation import Conversation, Opening
from client.events import Ready, ResponseDone

NOON = "2026-01-02T12:00:00Z"
SPOKEN: dict[str, Any] = {
    "format": "beautyai-session",
    "version": 1,
    "session": {"id": None, "title": "", "created_at": NOON, "updated_at": NOON},
    "messages": [
        {"role": "user", "content": "What time is it?", "at": NOON, "turn": 1, "language": "en"},
        {"role": "assistant", "content": "It is", "at": NOON, "turn": 1, "cut": True, "thinking": "noon"},
    ],
}


@pytest.fixture
def client(api: str) -> httpx2.Client:
    return httpx2.Client(base_url=api)


def document(**session: object) -> dict[str, Any]:
    return {**SPOKEN, "session": {**SPOKEN["session"], **session}}


def imported(client: httpx2.Client, **session: object) -> dict[str, Any]:
    answer = client.post("/sessions/import", json=document(**session))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_session_is_made_named_read_and_deleted(client: httpx2.Client) -> None:
    made = client.post("/sessions", json={"title": "Tea"})
    assert made.status_code == 201
    session = made.json()
    assert (session["title"], session["message_count"]) == ("Tea", 0)
    path = f"/sessions/{session['id']}"
    assert client.patch(path, json={"title": "Coffee"}).json()["title"] == "Coffee"
    assert client.get(path).json() == {**session, "title": "Coffee", "messages": []}
    assert client.delete(path).status_code == 204
    gone = client.get(path)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert client.delete(path).status_code == 404


def test_a_session_can_be_made_without_a_body(client: httpx2.Client) -> None:
    assert client.post("/sessions").json()["title"] == ""


def test_what_is_exported_can_be_imported_and_is_the_same_again(client: httpx2.Client) -> None:
    first = client.get(f"/sessions/{imported(client)['id']}/export").json()
    assert first["session"]["title"] == "What time is it?"
    assert [message["cut"] for message in first["messages"]] == [False, True]
    client.delete(f"/sessions/{first['session']['id']}")
    again = client.post("/sessions/import", json=first).json()
    assert again["id"] == first["session"]["id"]
    assert client.get(f"/sessions/{again['id']}/export").json() == first


def test_an_id_that_is_there_already_clashes(client: httpx2.Client) -> None:
    taken = imported(client)["id"]
    answer = client.post("/sessions/import", json=document(id=taken))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["field"] == "session.id"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"version": 2}, "version"),
        ({"extra": 1}, "extra"),
        ({"messages": [{**SPOKEN["messages"][0], "role": "system"}]}, "messages.0.role"),
        ({"messages": [{**SPOKEN["messages"][0], "content": "a\0b"}]}, "messages.0.content"),
        ({"messages": [{**SPOKEN["messages"][0], "at": "2026-01-02T12:00:00"}]}, "messages.0.at"),
        ({"session": {**SPOKEN["session"], "id": "../etc"}}, "session.id"),
    ],
)
def test_a_document_that_is_none_is_refused_by_the_field(
    client: httpx2.Client, wrong: dict[str, Any], field: str
) -> None:
    answer = client.post("/sessions/import", json={**SPOKEN, **wrong})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize("title", ["\ud800", "a\0b", "x" * 201, 7])
def test_a_title_that_cannot_be_stored_is_refused(client: httpx2.Client, title: object) -> None:
    body = json.dumps({"title": title}).encode()
    answer = client.post("/sessions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (422, "title")


def test_a_document_that_is_too_large_is_refused_while_it_comes_in(client: httpx2.Client) -> None:
    body = b'{"messages": "' + b"x" * (5 << 20)
    answer = client.post("/sessions/import", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_pages_follow_one_another(client: httpx2.Client) -> None:
    made = [client.post("/sessions").json()["id"] for _ in range(3)]
    first = client.get("/sessions", params={"limit": 2}).json()
    second = client.get("/sessions", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    ids = [session["id"] for page in (first, second) for session in page["sessions"]]
    assert ids[:3] == made[::-1]
    wrong = client.get("/sessions", params={"cursor": "nonsense"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")


@pytest.mark.anyio
async def test_a_voice_session_goes_on_in_a_session_that_was_imported_and_is_read_over_http(
    api: str, client: httpx2.Client
) -> None:
    session_id = imported(client)["id"]
    async with Conversation(api, Opening(session_id=session_id)) as conversation:
        await conversation.configure({"generation": {"max_tokens": 3}})
        async for event in conversation:
            if isinstance(event, Ready):
                assert event.resumed
                await conversation.send_text("And now?")
            if isinstance(event, ResponseDone):
                heard = event.text
                break
    messages = client.get(f"/sessions/{session_id}").json()["messages"]
    assert [(each["role"], each["turn"]) for each in messages[2:]] == [("user", 2), ("assistant", 2)]
    assert messages[2]["content"] == "And now?"
    assert messages[3]["content"] == heard


def test_all_of_the_callers_sessions_are_deleted_at_once(client: httpx2.Client) -> None:
    count = 0
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/sessions", params={"cursor": cursor, "limit": 200}).json()
        count, cursor = count + len(page["sessions"]), page["next_cursor"]
    assert count > 0
    assert client.delete("/sessions").json() == {"deleted": count}
    assert client.get("/sessions").json() == {"sessions": [], "next_cursor": None}
