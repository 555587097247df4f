"""`beautyai key`: in this machine's key file, and of the running server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.cli.commands import Ran, beautyai

Run = Callable[..., Ran]


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """`beautyai` on this machine's own key file, in a folder of this test; BEAUTYAI_URL names no other."""
    monkeypatch.setenv("BEAUTYAI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BEAUTYAI_URL", "http://127.0.0.1:1")

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        return Ran(beautyai(*argv), *capsys.readouterr())

    return run


def test_a_key_of_this_machine_is_made_listed_and_revoked(here: Run, tmp_path: Path) -> None:
    limits = ("--sessions", "2", "--requests-per-minute", "30", "--audio-minutes-per-day", "1.5")
    made = here("key", "create", "phone", "--user", "amal", "--scopes", "chat", *limits, "--json").json
    assert (tmp_path / "keys.json").is_file()
    assert made["key"].startswith("bai_")
    assert (made["user"], made["scopes"]) == ("amal", ["chat"])
    listed = here("key", "list").out
    assert made["id"] in listed
    assert "1.5 audio minutes per day" in listed
    assert made["key"] not in listed
    assert here("key", "revoke", made["id"], "--yes").code == 0
    ran = here("key", "revoke", made["id"], "--yes")
    assert (ran.code, ran.err.count("\n")) == (5, 1)


def test_a_scope_that_is_none_exits_6(here: Run) -> None:
    ran = here("key", "create", "phone", "--scopes", "everything")
    assert (ran.code, ran.err.count("\n")) == (6, 1)
    assert "scopes" in ran.err


@pytest.mark.triton
def test_a_key_of_a_server_opens_what_its_scopes_say_until_it_is_revoked(on_server: Run) -> None:
    made = on_server("key", "create", "low", "--scopes", "voice", "--expires-in-days", "1", "--json").json
    assert made["expires_at"] is not None
    assert made["id"] in on_server("key", "list").out
    refused = on_server("session", "list", "--key", made["key"])
    assert refused.code == 4
    assert "needs the scope `chat`" in refused.err
    assert on_server("key", "list", "--key", made["key"]).code == 4
    assert on_server("key", "revoke", made["id"], "--yes").code == 0
    unknown = on_server("session", "list", "--key", made["key"])
    assert unknown.code == 4
    assert "unknown, was revoked" in unknown.err
    assert on_server("key", "revoke", made["id"], "--yes").code == 5


@pytest.mark.triton
def test_the_key_alone_is_printed_for_a_script(on_server: Run) -> None:
    ran = on_server("key", "create", "script", "--key-only")
    assert ran.out.startswith("bai_")
    assert ran.out.count("\n") == 1
    for key in on_server("key", "list", "--json").json["keys"]:
        assert on_server("key", "revoke", key["id"], "--yes").code == 0
