"""The cache folder: everything in it is complete, or it is not there.

A folder is made under `partial/` and renamed into place, under a lock that a second process waits for.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import DiskFullError, FetchError, WrongHashError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MARGIN_BYTES = 32_000_000


@contextmanager
def locked(cache: Path, name: str) -> Iterator[None]:
    """Only one process at a time is inside for `name`; the kernel frees the lock of one that dies."""
    with _as_fetch_errors(cache):
        (cache / "locks").mkdir(parents=True, exist_ok=True)
    with (cache / "locks" / name).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def staged(cache: Path, target: Path) -> Iterator[Path]:
    """An empty folder to fill, renamed to `target` when the block ends well, removed when it does not.

    The caller holds the lock of `target`, so what an interrupted run left for it is swept here.
    Raises: DiskFullError when the disk fills up inside the block.
    """
    with _as_fetch_errors(cache):
        partial = cache / "partial"
        partial.mkdir(parents=True, exist_ok=True)
        for leftover in partial.glob(f"{target.name}~*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(dir=partial, prefix=f"{target.name}~"))
        try:
            folder.chmod(0o755)
            yield folder
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def require_free(cache: Path, needed_bytes: int) -> None:
    """Raises: DiskFullError when the disk of `cache` has less room than that."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free_bytes = shutil.disk_usage(existing).free
    if free_bytes < needed_bytes + _MARGIN_BYTES:
        needed = f"{(needed_bytes + _MARGIN_BYTES) / 1e6:.0f} MB"
        raise DiskFullError(
            f"{cache} has {free_bytes / 1e6:.0f} MB free and {needed} are needed: "
            "make room, or set BEAUTYAI_CACHE to a folder on another disk"
        )


def require_hash(path: Path, sha256: str | None, source: str) -> None:
    """Raises: WrongHashError when the file's digest is not `sha256` (None: not known, not checked)."""
    if sha256 is None:
        return
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    if found.hexdigest() != sha256:
        raise WrongHashError(
            f"{source}: {path.name} has sha256 {found.hexdigest()}, expected {sha256}; nothing was kept"
        )


@contextmanager
def _as_fetch_errors(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise DiskFullError(
                f"the disk of {cache} filled up ({error.strerror}); nothing half-made was left: "
                "make room, or set BEAUTYAI_CACHE to a folder on another disk"
            ) from error
        raise FetchError(f"{cache}: {error}; set BEAUTYAI_CACHE to a folder that can be written") from error
