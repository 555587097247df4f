from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded import ports
from embedded.catalogue import LANGUAGE, WHISPER, HubFile, WeightFile, Weights, voice
from embedded.errors import HubUnreachableError, WrongHashError
from embedded.fetch import ensure

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "sub/model.bin": b"weights" * 1000}


class HubLike(BaseHTTPRequestHandler):
    """The part of the Hub's HTTP that a download uses: HEAD and GET of /REPO/resolve/REVISION/FILE."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.split("?")[0].removeprefix(f"/someone/model/resolve/{REVISION}/")
        content = FILES.get(path)
        self.send_response(404 if content is None else 200)
        self.send_header("Content-Length", str(len(content or b"")))
        self.send_header("ETag", f'"{hashlib.sha1(content or b"").hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        if with_body and content:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), HubLike)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    monkeypatch.setenv("HF_ENDPOINT", url)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    yield url
    server.shutdown()
    server.server_close()


def _weights(
    path: str = "sub/model.bin", size_bytes: int | None = None, sha256: str | None = None
) -> Weights:
    config = WeightFile("config.json", None, None, (), HubFile("someone/model", REVISION, "config.json"))
    model = WeightFile("model.bin", size_bytes, sha256, (), HubFile("someone/model", REVISION, path))
    return Weights("model", (config, model))


@pytest.mark.usefixtures("endpoint")
def test_files_come_from_the_pinned_revision_and_lie_flat(tmp_path: Path) -> None:
    content = FILES["sub/model.bin"]
    weights = _weights(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    folder = ensure(weights, tmp_path / "cache", "hub", {})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "config.json": b"{}",
        "model.bin": content,
    }


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("wrong", [{"size_bytes": 5}, {"sha256": "0" * 64}])
def test_a_file_that_is_not_the_known_one_is_refused(tmp_path: Path, wrong: dict[str, int | str]) -> None:
    with pytest.raises(WrongHashError, match="someone/model@0123"):
        ensure(_weights(**wrong), tmp_path / "cache", "hub", {})  # type: ignore[arg-type]
    assert list((tmp_path / "cache").glob("[wp]*/*")) == []


@pytest.mark.usefixtures("endpoint")
def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HubUnreachableError, match=r"someone/model@.*/missing\.bin"):
        ensure(_weights("missing.bin"), tmp_path / "cache", "hub", {})
    assert list((tmp_path / "cache").glob("[wp]*/*")) == []


def test_a_hub_that_cannot_be_reached_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # huggingface_hub tries five times, 23 seconds in all.
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{ports.free_port()}")
    with pytest.raises(HubUnreachableError, match="BEAUTYAI_WEIGHTS=packages"):
        ensure(_weights(), tmp_path / "cache", "hub", {})
    assert list((tmp_path / "cache").glob("[wp]*/*")) == []


def test_every_model_of_the_catalogue_is_on_the_hub_at_a_pinned_revision() -> None:
    for weights in [*WHISPER.values(), *LANGUAGE.values()]:
        for file in weights.files:
            assert file.hub is not None
            assert len(file.hub.revision) == 40


def test_any_piper_voice_has_its_place_on_the_hub() -> None:
    model, config = voice("ar_JO-kareem-medium").files
    assert model.hub is not None
    assert config.hub is not None
    assert model.hub.path == "ar/ar_JO/kareem/medium/ar_JO-kareem-medium.onnx"
    assert config.name == "ar_JO-kareem-medium.onnx.json"
    assert voice("ar_JO-kareem-medium").packages == ()
