"""What a revision on the hub consists of: every file's size and hash, compared with the files on the disk.

A commit of the hub is a Git commit. Small files are Git blobs (SHA-1 over a header and the content); large ones lie in
Git LFS under their SHA-256. Both are named by the commit, which is pinned; the first download writes them down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from build_engines.errors import DownloadError

_PIECE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class LockedFile:
    """One file of a revision; exactly one of the hashes is known."""

    name: str
    size_bytes: int
    sha256: str | None
    git_blob: str | None


def write_lock(path: Path, revision: str, files: Sequence[LockedFile]) -> None:
    """Write down what the revision consists of."""
    content = {"revision": revision, "files": [asdict(file) for file in files]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_lock(path: Path, revision: str) -> tuple[LockedFile, ...] | None:
    """What was written down of this revision, if anything was.

    Raises: DownloadError where the lock is of another revision, or is no lock.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        of, files = content["revision"], tuple(LockedFile(**file) for file in content["files"])
    except (KeyError, TypeError, json.JSONDecodeError):
        raise DownloadError(f"{path} is no lock; delete it to lock anew") from None
    if of != revision:
        raise DownloadError(f"{path} is of revision {of}, not {revision}; delete it to lock anew")
    return files


def require_same(locked: Sequence[LockedFile], stated: Sequence[LockedFile], source: str) -> None:
    """Raises: DownloadError where the hub states other files than the lock, although the revision is the same."""
    if sorted(locked, key=_name) != sorted(stated, key=_name):
        changed = sorted({file.name for file in set(locked) ^ set(stated)})
        raise DownloadError(
            f"{source} states other contents than the lock for {', '.join(changed)}: do not use it"
        )


def require_content(folder: Path, file: LockedFile) -> None:
    """Raises: DownloadError where the file on the disk is not the one that was stated."""
    path = folder / file.name
    size = path.stat().st_size
    if size != file.size_bytes:
        raise DownloadError(
            f"{path} has {size} bytes instead of {file.size_bytes}; delete it and download again"
        )
    found = _sha256(path) if file.sha256 is not None else _git_blob(path)
    expected = file.sha256 or file.git_blob
    if found != expected:
        raise DownloadError(f"{path} has hash {found} instead of {expected}; delete it and download again")


def _name(file: LockedFile) -> str:
    return file.name


def _sha256(path: Path) -> str:
    return _hash(path, hashlib.sha256())


def _git_blob(path: Path) -> str:
    return _hash(path, hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False))


def _hash(path: Path, hasher: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            hasher.update(piece)
    return hasher.hexdigest()
