"""`beautyai session` against the whole stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from client.cli import sessions
from tests.client.cli.commands import Ran

pytestmark = pytest.mark.triton

Run = Callable[..., Ran]
MESSAGES: list[dict[str, Any]] = [
    {"role": "user", "content": "Hi [bold]there[/bold]", "at": "2026-11-30T20:00:00Z"},
    {"role": "assistant", "content": "Hello", "at": "2026-11-30T20:00:01Z", "cut": True},
]


@pytest.fixture
def session_id(on_server: Run, tmp_path: Path) -> Iterator[str]:
    """A session of two messages, brought to the server by `session import`."""
    times = {"created_at": "2026-11-30T20:00:00Z", "updated_at": "2026-11-30T20:00:01Z"}
    document = {"session": {"title": "Greetings", **times}, "messages": MESSAGES}
    (tmp_path / "session.json").write_text(json.dumps(document))
    made = on_server("session", "import", str(tmp_path / "session.json"), "--json")
    assert made.code == 0, made.err
    yield made.json["id"]
    on_server("session", "delete", made.json["id"], "--yes")


def test_a_session_is_listed_and_read(on_server: Run, session_id: str) -> None:
    listed = {each["id"]: each for each in on_server("session", "list", "--json").json["sessions"]}
    assert (listed[session_id]["title"], listed[session_id]["message_count"]) == ("Greetings", 2)
    assert session_id in on_server("session", "list").out
    assert len(on_server("session", "list", "--limit", "1", "--json").json["sessions"]) == 1
    shown = on_server("session", "show", session_id).out
    assert "Hi [bold]there[/bold]" in shown
    assert "Hello (cut)" in shown


def test_lists_longer_than_a_page_are_whole(on_server: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = on_server("session", "list", "--limit", "3", "--json").json
    monkeypatch.setattr(sessions, "_PAGE", 1)
    assert on_server("session", "list", "--limit", "3", "--json").json == whole


def test_a_session_is_exported_deleted_and_imported_again(
    on_server: Run, session_id: str, tmp_path: Path
) -> None:
    file = tmp_path / "exported.json"
    assert on_server("session", "export", session_id, str(file)).code == 0
    assert json.loads(file.read_text()) == on_server("session", "export", session_id).json
    assert on_server("session", "import", str(file)).code == 6  # it is still there
    copy = on_server("session", "import", str(file), "--new-id", "--json").json
    assert copy["id"] != session_id
    for each in (copy["id"], session_id):
        assert on_server("session", "delete", each, "--yes").code == 0
    assert on_server("session", "show", session_id).code == 5
    assert on_server("session", "import", str(file), "--json").json["id"] == session_id
    messages = on_server("session", "show", session_id, "--json").json["messages"]
    assert [each["content"] for each in messages] == [each["content"] for each in MESSAGES]


def test_what_cannot_be_imported_is_told(on_server: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.json").write_text('{"session": {}, "messages": 3}')
    ran = on_server("session", "import", str(tmp_path / "wrong.json"))
    assert ran.code == 6
    assert "messages" in ran.err
    assert ran.err.count("\n") == 1


def test_one_session_or_all_are_named(on_server: Run) -> None:
    assert on_server("session", "delete", "--yes").code == 2
    assert on_server("session", "delete", "a", "--all", "--yes").code == 2
    assert on_server("session", "delete", "a").code == 2  # nobody can be asked


def test_all_sessions_of_a_key_are_deleted_and_those_of_others_stay(
    on_server: Run, session_id: str, tmp_path: Path
) -> None:
    key = on_server("key", "create", "temporary", "--scopes", "chat", "--json").json
    file = tmp_path / "exported.json"
    on_server("session", "export", session_id, str(file))
    own = ("--key", key["key"])
    assert on_server("session", "import", str(file), "--new-id", *own).code == 0
    assert on_server("session", "delete", "--all", "--yes", "--json", *own).json == {"deleted": 1}
    assert on_server("session", "show", session_id).code == 0
    assert on_server("key", "revoke", key["id"], "--yes").code == 0
