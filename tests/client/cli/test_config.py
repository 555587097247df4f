"""`beautyai config` against the whole stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.cli.commands import Ran

pytestmark = pytest.mark.triton

Run = Callable[..., Ran]
SETTING = "session.turn_taking.prefix_ms"


@pytest.fixture
def changed(on_server: Run) -> Iterator[int]:
    """The value of SETTING, changed for this test."""
    before = prefix_ms(on_server("config", "show", "--json"))
    assert on_server("config", "set", f"{SETTING}={before + 10}").code == 0
    yield before + 10
    assert on_server("config", "set", f"{SETTING}=null").code == 0


def prefix_ms(ran: Ran) -> int:
    value: int = ran.json["settings"]["session"]["turn_taking"]["prefix_ms"]
    return value


def test_settings_are_shown_flat_with_what_the_environment_sets(on_server: Run) -> None:
    lines = [line.split() for line in on_server("config", "show").out.splitlines()]
    assert [SETTING] in [line[:1] for line in lines]
    assert any(
        line[0] == "host" and line[2:] == ["set", "by", "the", "environment"] for line in lines if line
    )


def test_a_setting_is_changed_and_what_waits_for_a_restart_is_said(on_server: Run, changed: int) -> None:
    assert prefix_ms(on_server("config", "show", "--json")) == changed
    ran = on_server("config", "set", "retention_days=7")
    try:
        assert any(
            line.split()[:1] == ["retention_days"] and "after a restart" in line
            for line in ran.out.splitlines()
        )
    finally:
        assert on_server("config", "set", "retention_days=null").code == 0


def test_settings_are_kept_in_a_file_checked_and_brought_back(
    on_server: Run, changed: int, tmp_path: Path
) -> None:
    file = tmp_path / "settings.json"
    assert on_server("config", "backup", str(file)).code == 0
    kept = json.loads(file.read_text())["settings"]
    assert kept["session"]["turn_taking"]["prefix_ms"] == changed
    assert not {"host", "data_dir"} & set(kept)
    assert on_server("config", "validate", str(file)).out == f"{file} is valid\n"
    assert on_server("config", "set", f"{SETTING}=320").code == 0
    assert prefix_ms(on_server("config", "restore", str(file), "--json")) == changed


def test_the_servers_own_backups_are_listed_and_restored(on_server: Run, changed: int) -> None:
    assert on_server("config", "set", f"{SETTING}={changed + 10}").code == 0
    newest = on_server("config", "backups", "--json").json["backups"][0]["name"]
    assert newest in on_server("config", "backups").out
    assert prefix_ms(on_server("config", "restore", newest, "--json")) == changed
    assert on_server("config", "restore", "none").code == 5


@pytest.mark.parametrize("content", ['{"max_sessions": -1}', '{"settings": {"no_such_setting": 1}}'])
def test_wrong_settings_are_named_and_nothing_is_changed(
    on_server: Run, tmp_path: Path, content: str
) -> None:
    (tmp_path / "wrong.json").write_text(content)
    ran = on_server("config", "validate", str(tmp_path / "wrong.json"))
    assert (ran.code, ran.out, ran.err.count("\n")) == (6, "", 1)
    assert "max_sessions" in ran.err or "no_such_setting" in ran.err
    assert on_server("config", "set", "max_sessions").code == 2
