"""A small package index of wheels made on the spot, and the fetched runtime."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded.fetch import Runtime, fetch
from embedded.lockfile import Artifact
from embedded.settings import Settings


@dataclass(frozen=True)
class Shelf:
    """A folder of wheels that pip finds instead of any index."""

    folder: Path

    def put(self, name: str, members: dict[str, bytes]) -> Artifact:
        """A real wheel of version 1.0 and its lock entry."""
        stem = name.replace("-", "_")
        info = {
            f"{stem}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
            f"{stem}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{stem}-1.0.dist-info/RECORD": b"",
        }
        with zipfile.ZipFile(self.wheel(name), "w", zipfile.ZIP_DEFLATED) as wheel:
            for path, content in {**members, **info}.items():
                wheel.writestr(path, content)
        return self.locked(name)

    def wheel(self, name: str) -> Path:
        return self.folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl"

    def locked(self, name: str) -> Artifact:
        """The lock entry of the wheel as it lies there now."""
        return Artifact(name, "1.0", frozenset([hashlib.sha256(self.wheel(name).read_bytes()).hexdigest()]))


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return Shelf(folder)


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    return fetch(Settings.from_environment())
