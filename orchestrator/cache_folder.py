"""What the runtime has cached on this machine's disk: how large it is, and what of it can go.

The cache belongs to `embedded/`, which fetches anew what is missing at its next start. What somebody uses stays: files
that the registry or the settings name, and files that any process has open.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Part = Literal["weights", "tokenizers", "voices", "logs", "partial"]
PARTS: tuple[Part, ...] = get_args(Part)
CHEAP: tuple[Part, ...] = ("logs", "partial")
"""What nobody has to fetch again: cleared where nothing is named."""


@dataclass(frozen=True)
class Item:
    """One file or folder of a part; `in_use`: why it stays, None where it can go."""

    part: Part
    name: str
    size_bytes: int
    in_use: str | None


def items(cache: Path, needed: Collection[Path]) -> list[Item]:
    """Everything in the cache, except the server itself; `needed` are the files and folders that are in use."""
    held = {*(file for path in needed for file in _files(path)), *_open_files(cache.resolve())}
    return [_item(cache, part, path, held) for part in PARTS for path in _inside(cache / part)]


def clear(cache: Path, parts: Collection[Part], needed: Collection[Path]) -> tuple[list[Item], list[Item]]:
    """Remove what is not in use of these parts; gives what was removed, and what was kept."""
    removed: list[Item] = []
    kept: list[Item] = []
    for item in items(cache, needed):
        if item.part in parts:
            (kept if item.in_use else removed).append(item)
    for item in removed:
        _remove(cache / item.part / item.name)
    return removed, kept


def _item(cache: Path, part: Part, path: Path, held: Set[Path]) -> Item:
    return Item(part, path.name, _size_bytes(path), _in_use(cache, part, path, held))


def _in_use(cache: Path, part: Part, path: Path, held: Set[Path]) -> str | None:
    if part == "partial" and _is_locked(cache / "locks" / path.name.rpartition("~")[0]):
        return "it is being fetched"
    whole = path.resolve()
    own = {whole, *(each.resolve() for each in path.rglob("*"))} if path.is_dir() else {whole}
    if not own.isdisjoint(held) or any(whole in one.parents for one in held):
        return "a model or a process uses it"
    return None


def _is_locked(lock: Path) -> bool:
    """Whether a process holds it: the one that fetches into this folder does."""
    try:
        with lock.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _open_files(cache: Path) -> Iterator[Path]:
    """Files in the cache that a process has open or mapped, as far as this user may see it."""
    for process in Path("/proc").glob("[0-9]*"):
        yield from _descriptors(process, cache)
        yield from _mapped(process, cache)


def _descriptors(process: Path, cache: Path) -> Iterator[Path]:
    try:
        for descriptor in (process / "fd").iterdir():
            path = Path(os.readlink(descriptor))
            if cache in path.parents:
                yield path
    except OSError:
        return


def _mapped(process: Path, cache: Path) -> Iterator[Path]:
    try:
        maps = (process / "maps").read_text(errors="replace")
    except OSError:
        return
    for line in maps.splitlines():
        name = line[73:].strip()
        if name.startswith(f"{cache}/"):
            yield Path(name)


def _files(path: Path) -> Iterator[Path]:
    """Where they really lie: several voices are a folder of links."""
    try:
        yield path.resolve()
        yield from (each.resolve() for each in _inside(path))
    except OSError:
        return  # no path of this machine


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _size_bytes(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(each.stat().st_size for each in files if each.is_file() and not each.is_symlink())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
