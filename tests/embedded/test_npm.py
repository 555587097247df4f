"""Fetching from an npm registry: a registry of one package, made on the spot, on a local port."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded import npm, ports
from embedded.catalogue import NpmPackage
from embedded.errors import DownloadError, WrongHashError

FILES = {"models/words.json": b"{}", "index.js": b"process.exit()"}


def tarball() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return content.getvalue()


TARBALL = tarball()
INTEGRITY = "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode()
PACKAGE = NpmPackage("@someone/words", "1.2.3", INTEGRITY, 1000, ("models/words.json",))


class Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == "/@someone/words/-/words-1.2.3.tgz"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(TARBALL) if found else 0))
        self.end_headers()
        if found:
            self.wfile.write(TARBALL)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {"npm_config_registry": f"http://127.0.0.1:{server.server_address[1]}/"}
    server.shutdown()
    server.server_close()


def test_only_the_members_are_kept_and_the_second_time_needs_no_network(
    environ: dict[str, str], tmp_path: Path
) -> None:
    folder = npm.ensure(PACKAGE, tmp_path, environ)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"words.json": b"{}"}
    assert npm.ensure(PACKAGE, tmp_path, {"npm_config_registry": "http://127.0.0.1:1"}) == folder


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"integrity": "sha512-other"}, WrongHashError, "expected sha512-other"),
        ({"version": "9.9.9"}, DownloadError, r"words 9\.9\.9 could not be fetched .*404"),
        ({"members": ("models/none.json",)}, DownloadError, "none.json"),
    ],
)
def test_what_is_not_as_pinned_leaves_nothing(
    environ: dict[str, str], tmp_path: Path, change: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        npm.ensure(replace(PACKAGE, **change), tmp_path, environ)  # type: ignore[arg-type]
    assert not list(tmp_path.glob("npm/*"))
    assert not list(tmp_path.glob("partial/*"))


def test_an_unreachable_registry_is_named_with_what_to_do(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{ports.free_port()}"
    with pytest.raises(DownloadError, match=rf"{nowhere}.*\n.*npm_config_registry"):
        npm.ensure(PACKAGE, tmp_path, {"npm_config_registry": nowhere})


def test_the_registry_is_the_one_that_npm_would_take(tmp_path: Path) -> None:
    npmrc = tmp_path / ".npmrc"
    npmrc.write_text("fund=false\nregistry = https://mirror.example/npm/\n")
    configured = {"npm_config_userconfig": str(npmrc)}
    assert npm.registry({"npm_config_userconfig": str(tmp_path / "none")}) == npm.PUBLIC_REGISTRY
    assert npm.registry(configured) == "https://mirror.example/npm"
    assert npm.registry({**configured, "npm_config_registry": "http://other/"}) == "http://other"
