"""`python -m orchestrator.access`, as an operator and as a script uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.access.__main__ import main
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import KEY_PATTERN, digest_of

Output = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("BEAUTYAI_CONFIG", raising=False)
    monkeypatch.setenv("BEAUTYAI_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_key_is_made_listed_and_revoked(folder: Path, capsys: Output) -> None:
    limits = ["--sessions", "2", "--requests-per-minute", "60", "--audio-minutes-per-day", "1.5"]
    assert main(["create", "phone", "--user", "amal", "--expires-in-days", "90", *limits, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["limits"] == {"sessions": 2, "requests_per_minute": 60, "audio_minutes_per_day": 1.5}
    (key,) = KeyFile(folder).read()
    assert key.digest == digest_of(made["key"])

    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    for word in (key.id, "phone", "amal", "chat,voice", "2 sessions", "until"):
        assert word in shown
    assert made["key"] not in shown
    assert main(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"][0]["id"] == key.id

    assert main(["revoke", key.id]) == 0
    assert main(["revoke", key.id]) == 1
    assert main(["list"]) == 0
    assert "no key" in capsys.readouterr().out


def test_only_the_key_goes_where_a_script_wants_it(folder: Path, capsys: Output) -> None:
    assert main(["create", "prometheus", "--scopes", "metrics", "--key-only"]) == 0
    assert KEY_PATTERN.fullmatch(capsys.readouterr().out.strip())
    assert KeyFile(folder).read()[0].scopes == ("metrics",)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["x", "--scopes", "root"], "scopes"),
        (["x", "--sessions", "0"], "sessions"),
        (["a/b"], "name"),
        (["x", "--expires-in-days", "1e30"], "expires"),
    ],
)
def test_a_wrong_wish_is_explained_and_nothing_is_written(
    folder: Path, capsys: Output, arguments: list[str], word: str
) -> None:
    assert main(["create", *arguments]) == 2
    assert word in capsys.readouterr().err
    assert not (folder / "keys.json").exists()


def test_it_needs_no_other_setting(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator.access", "list"],
        env={"BEAUTYAI_DATA_DIR": str(folder), "BEAUTYAI_TRITON_URL": "nowhere"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(folder / "keys.json") in done.stdout
