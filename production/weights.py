"""Everything that Triton's Python models read, laid out for the container: `python -m production weights FOLDER`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from embedded import cache, catalogue
from embedded.catalogue import Weights
from embedded.fetch import ensure
from embedded.lockfile import artifacts

WHISPER = "large-v3-turbo"
VOICE = "en_US-joe-medium"


def lay_out(
    folder: Path, root: Path, whisper: str, voices: tuple[str, ...], say: Callable[[str], None]
) -> None:
    """Copy the weights from the cache `root` into `folder`, fetching what the cache lacks, hashes checked.

    Voices and Whisper networks that no package brings come from the Hugging Face Hub.

    Raises: embedded.errors.FetchError; KeyError for a Whisper or a voice that the catalogue does not know.
    """
    parts = [
        (catalogue.SILERO, folder),
        (catalogue.SMART_TURN, folder),
        (catalogue.WHISPER[whisper], folder / "whisper"),
        *((catalogue.voice(name), folder / "voices") for name in voices),
    ]
    cache.require_free(folder.parent, sum(weights.size_bytes for weights, _ in parts))
    for weights, target in parts:
        say(f"{weights.name} -> {target}")
        _copy(ensure(weights, root, source_of(weights), artifacts()), target)


def source_of(weights: Weights) -> str:
    """`packages` where locked packages bring every file, else `hub`."""
    return "packages" if all(file.pieces for file in weights.files) else "hub"


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        shutil.copyfile(file, target / file.name)
