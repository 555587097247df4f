"""`keys.json`: the keys of this server, written whole or not at all, readable by its owner only."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.access.keys import Key, KeyRequest, new_key
from orchestrator.errors import BadSetting
from orchestrator.protocol import explain

FILE_NAME = "keys.json"
# What tells one content of a file from another: every write makes a new inode.
Stamp = tuple[int, int, int] | None


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")
    version: Literal[1] = 1
    keys: tuple[Key, ...] = ()


class KeyFile:
    """The keys in `folder`, which is made when the first one is written. Writers wait for each other."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def stamp(self) -> Stamp:
        """Another one after every change; None where there is no file."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def read(self) -> tuple[Key, ...]:
        """Raises: BadSetting where the file cannot be read or is none of ours."""
        try:
            return _Content.model_validate_json(self.path.read_bytes()).keys
        except FileNotFoundError:
            return ()
        except ValidationError as error:
            raise BadSetting(f"{self.path} is not a file of keys: {explain(error)}") from error
        except OSError as error:
            raise BadSetting(f"{self.path} cannot be read: {error.strerror}") from error

    def create(self, request: KeyRequest) -> tuple[str, Key]:
        """A new key, and the only sight of it. Raises: BadSetting where the file cannot be read or written."""
        shown, key = new_key(request)
        self._change(lambda keys: (*keys, key))
        return shown, key

    def revoke(self, key_id: str) -> bool:
        """Whether there was such a key. Raises: BadSetting where the file cannot be read or written."""
        if key_id not in {key.id for key in self.read()}:
            return False
        self._change(lambda keys: tuple(key for key in keys if key.id != key_id))
        return True

    def _change(self, change: Callable[[tuple[Key, ...]], tuple[Key, ...]]) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                self._write(_Content(keys=change(self.read())))
        except OSError as error:
            raise BadSetting(f"{self.path} cannot be written: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Beside the file, which every write replaces; the kernel frees the lock of a process that dies."""
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, content: _Content) -> None:
        # mkstemp gives mode 0600.
        descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE_NAME}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(content.model_dump_json(indent=2) + "\n")
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self._sync_folder()

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
