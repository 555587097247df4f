"""One JSON file that people and the service both write: whole or not at all, with its earlier versions beside it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from orchestrator.errors import BrokenFile, UnknownBackup

MOST_BACKUPS = 20
_TIME = "%Y-%m-%dT%H-%M-%S.%fZ"


@dataclass(frozen=True)
class Backup:
    """An earlier version; `at` is when it was replaced, in UTC."""

    name: str
    at: datetime


class KeptFile:
    """The file at `path`; what it was before each change lies in `backups/` beside it, the newest `MOST_BACKUPS`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._backups = path.parent / "backups"

    @property
    def changed_at(self) -> tuple[int, int] | None:
        """Differs after every change by anyone; None while there is no file."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_ino

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time is inside; the kernel frees the lock of one that dies. Not reentrant."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def read(self) -> str | None:
        """The text; None while there is no file. Raises: BrokenFile where it cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BrokenFile(f"{self.path}: {error}") from error

    def write(self, content: Any) -> None:
        """Replace the file, in one step that a crash cannot halve. The caller holds `locked`.

        Raises: BrokenFile where it cannot be written.
        """
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        try:
            self._back_up()
            self._replace(text)
        except OSError as error:
            raise BrokenFile(f"{self.path} cannot be written: {error}") from error

    def _replace(self, text: str) -> None:
        descriptor, draft = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
        _sync_folder(self.path.parent)

    def backups(self) -> list[Backup]:
        """The earlier versions, the newest first."""
        found = [_backup(file.name) for file in self._backups.glob(f"{self.path.stem}.*.json")]
        return sorted(filter(None, found), key=lambda backup: backup.at, reverse=True)

    def backup_text(self, name: str) -> str:
        """What the file said then. Raises: UnknownBackup."""
        if name not in [backup.name for backup in self.backups()]:
            raise UnknownBackup(f"there is no backup {name!r} of {self.path.name}", field="backup")
        return (self._backups / name).read_text(encoding="utf-8")

    def _back_up(self) -> None:
        text = self.read()
        if text is None:
            return
        self._backups.mkdir(exist_ok=True)
        at = datetime.now(timezone.utc).strftime(_TIME)
        earlier = self._backups / f"{self.path.stem}.{at}.json"
        earlier.touch(0o600)
        earlier.write_text(text, encoding="utf-8")
        for old in self.backups()[MOST_BACKUPS:]:
            (self._backups / old.name).unlink(missing_ok=True)


def parsed(text: str, where: str) -> Any:
    """The JSON of a kept file. Raises: BrokenFile that names the line and the reason."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        reason = getattr(error, "msg", None) or str(error)
        raise BrokenFile(
            f"{where}, line {line}: not JSON: {reason}; correct it, or restore a backup"
        ) from error


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line of the value at `path` in a JSON text, as near as its keys can be found one after the other."""
    position = 0
    for key in path:
        found = re.compile(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:").search(text, position)
        if found is None:
            break
        position = found.end()
    return text.count("\n", 0, position) + 1


def _backup(name: str) -> Backup | None:
    try:
        at = datetime.strptime(name.split(".", 1)[1].removesuffix(".json"), _TIME)
    except (IndexError, ValueError):
        return None
    return Backup(name, at.replace(tzinfo=timezone.utc))


def _sync_folder(folder: Path) -> None:
    """So that the new name, too, outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
