"""`model_registry.json` read and written as a whole; a broken one is told with its line and never overwritten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestrator.errors import BrokenFile
from orchestrator.kept_file import Backup, KeptFile, line_of, parsed
from orchestrator.registry.entry import RegistryDocument

FILE = "model_registry.json"


@dataclass
class Change:
    """A change in the making: `document` is what the file will say."""

    document: RegistryDocument


class RegistryFile:
    """The registry on disk; what others write there is seen at the next `read`."""

    def __init__(self, data_dir: Path) -> None:
        self._file = KeptFile(data_dir / FILE)
        self.last_good: RegistryDocument | None = None
        self._read: RegistryDocument | None = None
        self._read_at: tuple[int, int] | None = None

    @property
    def path(self) -> Path:
        return self._file.path

    def read(self) -> RegistryDocument | None:
        """What the file says; None while there is none. Raises: BrokenFile."""
        changed_at = self._file.changed_at
        if changed_at is None or changed_at != self._read_at:
            text = self._file.read()
            self._read = None if text is None else _document(text, str(self.path))
            self._read_at = changed_at
            self.last_good = self._read or self.last_good
        return self._read

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Change it alone: it is read under the lock, and written when the block ends well. Raises: BrokenFile."""
        with self._file.locked():
            before = self.read() or RegistryDocument()
            change = Change(before)
            yield change
            if change.document != before or not self.path.exists():
                self._file.write(change.document.model_dump(mode="json"))
                self.last_good = change.document

    def backups(self) -> list[Backup]:
        return self._file.backups()

    def restore(
        self, name: str, joined: Callable[[RegistryDocument, RegistryDocument], RegistryDocument]
    ) -> None:
        """Make the file what it was then, `joined` (now, then) with what it is now; a broken one is replaced.

        Raises: UnknownBackup; BrokenFile where the backup itself is broken.
        """
        with self._file.locked():
            then = _document(self._file.backup_text(name), f"the backup {name}")
            try:
                now = self.read()
            except BrokenFile:
                now = None
            self._file.write((joined(now, then) if now else then).model_dump(mode="json"))


def _document(text: str, where: str) -> RegistryDocument:
    content = parsed(text, where)
    try:
        return RegistryDocument.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        told = [
            f"line {line_of(text, fault['loc'])}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in faults
        ]
        raise BrokenFile(f"{where}, {'; '.join(told)}; correct it, or restore a backup") from error
