"""The orchestrator's HTTP API in this process, on the real Triton."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from embedded import ports
from orchestrator.__main__ import server_config
from orchestrator.app import create_app
from orchestrator.config import Settings
from tests.conftest import RunningTriton


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve `settings` in a thread of this process; gives `http://host:port`."""
    server = uvicorn.Server(server_config(create_app(settings), settings.host, settings.port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    assert server.started, "the orchestrator did not start"
    url = f"http://{settings.host}:{settings.port}"
    _wait_for_registry(url)
    yield url
    server.should_exit = True
    thread.join(15)


def _wait_for_registry(url: str) -> None:
    """Until it has asked Triton what there is; where that is away, a few seconds."""
    deadline = time.monotonic() + 20
    while httpx2.get(f"{url}/models").status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.02)


def settings_for(triton: RunningTriton, folder: Path, **changes: object) -> Settings:
    """Settings of an orchestrator beside the others, whose data lies in `folder`."""
    tokenizer = Path(os.environ["BEAUTYAI_TOKENIZER_DIR"])
    defaults: dict[str, object] = {
        "admission_wait_ms": 600_000,
        "cache": folder / "cache",
        "data_dir": folder,
        "tokenizer_dir": tokenizer,
    }
    addresses = {"triton_url": triton.grpc_url, "port": ports.free_port()}
    return Settings.model_validate({**defaults, **addresses, **changes})


@pytest.fixture(scope="module")
def api(triton: RunningTriton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of an orchestrator for one file: another one beside it would repair what its tests break."""
    with serving(settings_for(triton, tmp_path_factory.mktemp("data"))) as url:
        yield url
