"""All files of a model, each compared with what the hub states, and that with the lock of the first download."""

from __future__ import annotations

from pathlib import Path

from build_engines.errors import DownloadError
from build_engines.hub import fetch, stated_files
from build_engines.lock import LockedFile, read_lock, require_content, require_same, write_lock
from build_engines.models import Model
from build_engines.running import Say

LOCKS = Path(__file__).parent / "locks"
"""The lock of a first download, put here as `<model>.json`, binds every later one on every machine."""


def download_model(model: Model, folder: Path, say: Say) -> None:
    """Fetch what is not there yet, and check everything.

    Raises: DownloadError; what has arrived is kept.
    """
    files = stated_files(model)
    if not files:
        raise DownloadError(f"{model.repo_id}@{model.revision} has no files that are wanted")
    _require_locked(model, folder, files)
    for number, file in enumerate(files, 1):
        say(f"download: {number} of {len(files)}, {file.name} ({file.size_bytes / 1e6:.1f} MB)")
        path = folder / file.name
        if not path.is_file() or path.stat().st_size != file.size_bytes:
            fetch(model, file, folder)
        require_content(folder, file)


def _require_locked(model: Model, folder: Path, stated: tuple[LockedFile, ...]) -> None:
    own = folder / "lock.json"
    locked = read_lock(LOCKS / f"{model.name}.json", model.revision) or read_lock(own, model.revision)
    if locked is None:
        write_lock(own, model.revision, stated)
    else:
        require_same(locked, stated, f"{model.repo_id}@{model.revision}")
