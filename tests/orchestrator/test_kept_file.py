from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from orchestrator import kept_file
from orchestrator.errors import BrokenFile, UnknownBackup
from orchestrator.kept_file import KeptFile, line_of, parsed


@pytest.fixture
def file(tmp_path: Path) -> KeptFile:
    return KeptFile(tmp_path / "kept.json")


def write(file: KeptFile, content: object) -> None:
    with file.locked():
        file.write(content)


def test_a_file_that_is_not_there_is_none(file: KeptFile) -> None:
    assert file.read() is None
    assert file.changed_at is None
    assert file.backups() == []


def test_every_earlier_version_can_be_read_again_newest_first(file: KeptFile) -> None:
    for number in range(3):
        write(file, {"number": number})
    texts = [file.backup_text(backup.name) for backup in file.backups()]
    assert [json.loads(text)["number"] for text in texts] == [1, 0]


def test_no_more_backups_are_kept_than_the_newest(file: KeptFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_file, "MOST_BACKUPS", 2)
    for number in range(6):
        write(file, number)
    assert [file.backup_text(backup.name).strip() for backup in file.backups()] == ["4", "3"]


def test_a_write_that_fails_leaves_the_file_and_no_draft(file: KeptFile, tmp_path: Path) -> None:
    write(file, {"a": 1})
    with pytest.raises(TypeError), file.locked():
        file.write({"a": object()})
    file.path.unlink()
    file.path.mkdir()  # nothing can be put in its place
    with pytest.raises(BrokenFile, match=str(file.path)):
        write(file, {"a": 2})
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".kept.json.")] == [
        ".kept.json.lock"
    ]


@pytest.mark.parametrize("name", ["../kept.json", "kept.json", "", "kept.2026.json"])
def test_only_a_backup_can_be_read_as_one(file: KeptFile, name: str) -> None:
    write(file, 1)
    with pytest.raises(UnknownBackup):
        file.backup_text(name)


def test_nobody_changes_the_file_while_another_process_does(file: KeptFile) -> None:
    write(file, 0)
    processes = [multiprocessing.Process(target=_count, args=(file.path, 20)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert file.read() == "60\n"


def _count(path: Path, times: int) -> None:
    file = KeptFile(path)
    for _ in range(times):
        with file.locked():
            file.write(int(file.read() or 0) + 1)


def test_what_is_not_json_is_told_with_its_line() -> None:
    with pytest.raises(BrokenFile, match=r"here\.json, line 3: not JSON"):
        parsed('{\n "a": 1,\n oops\n}', "here.json")
    with pytest.raises(BrokenFile, match="line 1"):
        parsed("[" * 100_000, "here.json")


def test_a_value_is_found_by_its_line() -> None:
    text = json.dumps({"models": {"a": {"engine": 1}, "b": {"engine": 2}}}, indent=1)
    assert [line_of(text, ("models", name, "engine")) for name in "ab"] == [4, 7]
