"""The part of the Hugging Face Hub's HTTP that a download uses, on loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from build_engines.models import Model

LARGE = (".safetensors", "tokenizer.json")
"""Kept in Git LFS, as the real repositories do."""


class Hub:
    """One repository at one revision; `files` may be changed while it is served."""

    def __init__(self, model: Model, files: dict[str, bytes]) -> None:
        self.model = model
        self.files = files
        self.stated = dict(files)
        """What the metadata is made of; other contents than `files` are a hub that lies."""
        self.gets: list[str] = []

    def info(self) -> dict[str, Any]:
        """`GET /api/models/<repo>/revision/<revision>?blobs=true`."""
        return {
            "_id": "0",
            "id": self.model.repo_id,
            "sha": self.model.revision,
            "siblings": [self._sibling(name, content) for name, content in self.stated.items()],
        }

    def _sibling(self, name: str, content: bytes) -> dict[str, Any]:
        blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
        if name.endswith(LARGE):
            sha256 = hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
        return sibling


@contextmanager
def serve(hub: Hub) -> Iterator[str]:
    """The address of a hub that serves one repository."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            path = self.path.split("?")[0]
            if path == f"/api/models/{hub.model.repo_id}/revision/{hub.model.revision}":
                self._send(json.dumps(hub.info()).encode(), with_body)
                return
            name = path.removeprefix(f"/{hub.model.repo_id}/resolve/{hub.model.revision}/")
            if with_body:
                hub.gets.append(name)
            self._send(hub.files.get(name), with_body)

        def _send(self, content: bytes | None, with_body: bool) -> None:
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.send_header("ETag", f'"{hashlib.sha1(content or b"").hexdigest()}"')
            self.send_header("X-Repo-Commit", hub.model.revision)
            if content is None:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            if with_body and content:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
