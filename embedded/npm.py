"""Data out of packages of the npm registry, at a pinned integrity; npm itself is not needed and nothing is run.

The registry is the one that npm would take: `npm_config_registry`, else `~/.npmrc`, else registry.npmjs.org. The
proxies and certificates of the environment are honoured by urllib; a registry that asks for a login is not supported.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import tarfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from embedded import cache
from embedded.catalogue import NpmPackage
from embedded.errors import DownloadError, WrongHashError

PUBLIC_REGISTRY = "https://registry.npmjs.org"
_TIMEOUT_SECONDS = 30.0
_COPY_BYTES = 1 << 20


def ensure(package: NpmPackage, root: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """The folder with the members of `package` in the cache `root`, fetched first when it is not there.

    Raises: DownloadError, WrongHashError, DiskFullError; nothing half-made is left.
    """
    target = root / "npm" / package.folder
    if target.is_dir():
        return target
    with cache.locked(root, package.folder):
        if not target.is_dir():
            cache.require_free(root, package.size_bytes)
            with cache.staged(root, target) as folder:
                _fetch(package, _address(package, registry(environ)), folder)
    return target


def registry(environ: Mapping[str, str] = os.environ) -> str:
    """The address of the npm registry, without a slash at its end."""
    chosen = environ.get("npm_config_registry") or environ.get("NPM_CONFIG_REGISTRY") or _from_npmrc(environ)
    return (chosen or PUBLIC_REGISTRY).rstrip("/")


def _from_npmrc(environ: Mapping[str, str]) -> str:
    file = Path(environ.get("npm_config_userconfig") or "~/.npmrc").expanduser()
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    pairs = [line.partition("=") for line in lines]
    values = [value.strip() for name, _, value in pairs if name.strip() == "registry"]
    return values[-1] if values else ""


def _address(package: NpmPackage, base: str) -> str:
    return f"{base}/{package.name}/-/{package.name.rpartition('/')[2]}-{package.version}.tgz"


def _fetch(package: NpmPackage, address: str, folder: Path) -> None:
    tarball = folder / "package.tgz"
    try:
        with urllib.request.urlopen(address, timeout=_TIMEOUT_SECONDS) as answer, tarball.open("wb") as file:
            shutil.copyfileobj(answer, file, _COPY_BYTES)
    except (OSError, ValueError) as error:
        raise DownloadError(
            f"{package.name} {package.version} could not be fetched from {address}: {error}\n"
            "  check the network, or name a registry that has it: npm_config_registry=https://…"
        ) from error
    _require_integrity(package, tarball, address)
    _unpack(package, tarball, folder)
    tarball.unlink()


def _require_integrity(package: NpmPackage, tarball: Path, address: str) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != package.integrity:
        raise WrongHashError(f"{address} has {found}, expected {package.integrity}; nothing was kept")


def _unpack(package: NpmPackage, tarball: Path, folder: Path) -> None:
    try:
        with tarfile.open(tarball) as archive:
            for member in package.members:
                content = archive.extractfile(f"package/{member}")
                if content is None:
                    raise KeyError(f"{member} is no file")
                (folder / Path(member).name).write_bytes(content.read())
    except (tarfile.TarError, KeyError) as error:
        raise DownloadError(f"{package.name} {package.version} is broken: {error}") from error
