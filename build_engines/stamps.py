"""Stamps: a finished folder says what it was made from, so that a second run repeats only what changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

STAMP = ".stamp.json"
"""The last file that a step writes into its folder."""


def digest(inputs: Mapping[str, object]) -> str:
    """SHA-256 of everything that decides what a step makes."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


def is_finished(folder: Path, inputs: Mapping[str, object]) -> bool:
    """Whether the folder was finished with exactly these inputs."""
    return stamp_of(folder) == digest(inputs)


def stamp_of(folder: Path) -> str | None:
    """The digest of the inputs that a finished folder was made from; None while it is not finished."""
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return str(stamp["digest"])


def begin(folder: Path) -> None:
    """An empty folder: what an earlier attempt left there cannot be trusted."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def finish(folder: Path, inputs: Mapping[str, object]) -> None:
    """Write the stamp, as a whole or not at all."""
    draft = folder / (STAMP + ".new")
    stamp = {"digest": digest(inputs), "inputs": inputs}
    draft.write_text(json.dumps(stamp, indent=2, sort_keys=True, default=str) + "\n", encoding="utf-8")
    os.replace(draft, folder / STAMP)
