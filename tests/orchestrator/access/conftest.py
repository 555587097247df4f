"""The orchestrator with nobody behind it: it answers `/health`, knows its callers, and opens voice sessions."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from embedded import ports
from orchestrator.access.caller import SCOPES, Scope
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keys import KeyRequest
from orchestrator.access.limits import UNLIMITED, Limits
from orchestrator.app import create_app
from orchestrator.config import Settings
from tests.orchestrator.api.conftest import serving
from tests.orchestrator.conftest import write_byte_tokenizer

_FOLDER = tempfile.TemporaryDirectory(prefix="beautyai-tokenizer-")


def settings_in(folder: Path, **changes: object) -> Settings:
    """Settings of an orchestrator whose data lies in `folder`; no Triton answers it."""
    defaults: dict[str, object] = {
        "data_dir": folder,
        "tokenizer_dir": _tokenizer(),
        "triton_url": "127.0.0.1:1",
    }
    return Settings.model_validate({**defaults, **changes})


@cache
def _tokenizer() -> Path:
    """A small one, once: the model's own takes most of the time in which an app is made."""
    folder = Path(_FOLDER.name)
    write_byte_tokenizer(folder)
    return folder


def key_in(
    folder: Path, *scopes: Scope, limits: Limits = UNLIMITED, user: str | None = None, name: str = "test"
) -> str:
    """A new key of the server whose data lies in `folder`; of all scopes where none is named."""
    request = KeyRequest(name=name, user=user, scopes=scopes or SCOPES, limits=limits)
    return KeyFile(folder).create(request)[0]


def asking(
    app: FastAPI, *, peer: str = "127.0.0.1", url: str = "http://127.0.0.1:8000"
) -> httpx2.AsyncClient:
    """A client of `app` in this process, which comes from the address `peer`."""
    transport = httpx2.ASGITransport(app=app, client=(peer, 50_000))
    return httpx2.AsyncClient(transport=transport, base_url=url)


@contextmanager
def running(config: uvicorn.Config) -> Iterator[None]:
    """Serve in a thread of this process while the block runs."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    assert server.started, "the orchestrator did not start"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(15)


@dataclass(frozen=True)
class Keyed:
    """A server on loopback that wants keys all the same, and where they are kept."""

    url: str
    folder: Path

    @property
    def voice(self) -> str:
        return self.url.replace("http", "ws", 1) + "/ws/voice-conversation"


@pytest.fixture(scope="session")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder = tmp_path_factory.mktemp("keyed")
    key_in(folder)
    with serving(settings_in(folder, require_keys=True, port=ports.free_port())) as url:
        yield Keyed(url, folder)


@pytest.fixture
async def local(tmp_path: Path) -> FastAPI:
    """On loopback, with no keys at all."""
    return create_app(settings_in(tmp_path))
