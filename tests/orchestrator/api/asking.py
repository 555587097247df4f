"""Questions to `POST /inference/chat`, as the tests ask them."""

from __future__ import annotations

import json
from typing import Any

import httpx2

QUESTION = "Name three colours and say what you like about each."


def ask(client: httpx2.Client, **body: Any) -> httpx2.Response:
    """One question of few tokens; what `body` says goes first."""
    message = {} if "messages" in body else {"message": QUESTION}
    return client.post("/inference/chat", json={**message, "max_new_tokens": 8, **body}, timeout=120)


def answered(client: httpx2.Client, **body: Any) -> dict[str, Any]:
    """The answer; a refusal fails the test."""
    answer = ask(client, **body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(client: httpx2.Client, field: str, **body: Any) -> dict[str, Any]:
    """The problem with which a question is refused, which names `field`."""
    answer = ask(client, **body)
    assert answer.status_code == 422, answer.text
    problem: dict[str, Any] = answer.json()
    assert problem["field"] == field
    return problem


def events(lines: Any) -> list[tuple[str, Any]]:
    """Name and JSON of each server-sent event."""
    found, name = [], "message"
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            found.append((name, json.loads(line.removeprefix("data: "))))
    return found
