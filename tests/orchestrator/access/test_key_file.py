from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import KeyRequest
from orchestrator.errors import BadSetting

_WRITER = """
import sys
from pathlib import Path
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import KeyRequest
file = KeyFile(Path(sys.argv[1]))
while True:
    print(file.create(KeyRequest(name="writer"))[1].id, flush=True)
"""


def test_what_was_created_is_read_and_what_was_revoked_is_gone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "new" / "folder")
    assert file.read() == ()
    _, one = file.create(KeyRequest(name="one", scopes=("voice",)))
    _, two = file.create(KeyRequest(name="two"))
    assert file.read() == (one, two)
    assert file.revoke(one.id)
    assert not file.revoke(one.id)
    assert file.read() == (two,)


def test_only_the_owner_reads_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        file = KeyFile(tmp_path / "data")
        file.create(KeyRequest(name="one"))
    finally:
        os.umask(before)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.path.parent.stat().st_mode & 0o777 == 0o700


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    def create(number: int) -> str:
        return KeyFile(tmp_path).create(KeyRequest(name=f"key {number}"))[1].id

    with ThreadPoolExecutor(8) as pool:
        created = set(pool.map(create, range(40)))
    assert {key.id for key in KeyFile(tmp_path).read()} == created


def test_a_writer_that_is_killed_loses_no_key_that_it_gave_out_and_locks_nobody_out(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    given = [writer.stdout.readline().strip() for _ in range(5)]
    time.sleep(0.03)
    writer.send_signal(signal.SIGKILL)
    given += [line.strip() for line in writer.stdout if line.endswith("\n")]
    writer.wait(10)
    file = KeyFile(tmp_path)
    file.create(KeyRequest(name="after"))
    assert set(given) <= {key.id for key in file.read()}


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2}', '{"keys": [{"id": "x"}]}'])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    file = KeyFile(tmp_path)
    file.path.write_text(content)
    with pytest.raises(BadSetting, match=r"keys\.json"):
        file.read()
    with pytest.raises(BadSetting, match=r"keys\.json"):
        file.create(KeyRequest(name="one"))
    assert file.path.read_text() == content


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadSetting, match=r"keys\.json"):
        KeyFile(tmp_path / "file").create(KeyRequest(name="one"))


def test_every_write_has_another_stamp(tmp_path: Path) -> None:
    file = KeyFile(tmp_path)
    stamps = [file.stamp()]
    for _ in range(3):
        file.create(KeyRequest(name="one"))
        stamps.append(file.stamp())
    assert len(set(stamps)) == 4
    assert json.loads(file.path.read_text())["version"] == 1
