from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import catalogue
from embedded.errors import FetchError
from embedded.lockfile import LOCK_PATH, artifacts


def test_every_package_of_the_catalogue_is_locked_with_a_hash() -> None:
    locked = artifacts()
    assert set(locked) == set(catalogue.PACKAGE_BYTES)
    assert all(artifact.sha256 for artifact in locked.values())


def test_the_server_is_locked_for_both_processors() -> None:
    server = artifacts()["nvidia-pytriton"]
    assert server.version == "0.7.0"
    assert len(server.sha256) == 2


def test_the_lock_names_no_place_of_the_machine_it_was_made_on() -> None:
    lines = LOCK_PATH.read_text(encoding="utf-8").splitlines()
    assert [
        line for line in lines if re.search(r"://|--index|--find-links|--extra-index|(^|\s)/|file:", line)
    ] == []


def test_pip_skips_the_artifacts(tmp_path: Path) -> None:
    section = LOCK_PATH.read_text(encoding="utf-8").split("# Artifacts:")[1].split("\n", 1)[1]
    requirements = tmp_path / "artifacts.txt"
    requirements.write_text(section, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--require-hashes"]
    done = subprocess.run([*command, "-r", str(requirements)], capture_output=True, text=True, check=True)
    assert done.stdout.count("Ignoring") == len(catalogue.PACKAGE_BYTES)
    assert "Would install" not in done.stdout


def test_a_lock_without_artifacts_is_refused_with_the_command_that_writes_it(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("anyio==4.0 \\\n    --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")
    with pytest.raises(FetchError, match="make lock"):
        artifacts(lock)
    with pytest.raises(FetchError, match="make lock"):
        artifacts(tmp_path / "missing.lock")
