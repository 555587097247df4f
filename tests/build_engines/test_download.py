from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from build_engines.download import download_model
from build_engines.errors import DownloadError
from build_engines.lock import LockedFile, read_lock
from build_engines.models import MODELS
from tests.build_engines.hub_server import Hub, serve

MODEL = MODELS["qwen3-1.7b"]
FILES = {
    "config.json": b'{"model_type": "qwen3"}',
    "tokenizer.json": b"{}" * 50,
    "model-00001-of-00001.safetensors": b"weights" * 1000,
    "README.md": b"not wanted",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(MODEL, dict(FILES))
    with serve(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def download(folder: Path) -> list[str]:
    said: list[str] = []
    download_model(MODEL, folder, said.append)
    return said


@pytest.mark.usefixtures("hub")
def test_what_is_wanted_arrives_verified_with_progress(folder: Path) -> None:
    said = download(folder)
    assert said[0] == "download: 1 of 3, config.json (0.0 MB)"
    for name in ("config.json", "tokenizer.json", "model-00001-of-00001.safetensors"):
        assert (folder / name).read_bytes() == FILES[name]
    assert not (folder / "README.md").exists()


@pytest.mark.usefixtures("hub")
def test_the_first_download_writes_down_what_the_revision_consists_of(folder: Path) -> None:
    download(folder)
    locked = {file.name: file for file in read_lock(folder / "lock.json", MODEL.revision) or ()}
    assert locked["config.json"] == LockedFile("config.json", 23, None, locked["config.json"].git_blob)
    assert locked["tokenizer.json"].sha256 is not None


def test_what_is_there_and_right_is_not_fetched_again(hub: Hub, folder: Path) -> None:
    download(folder)
    hub.gets.clear()
    (folder / "tokenizer.json").unlink()
    download(folder)
    assert hub.gets == ["tokenizer.json"]


@pytest.mark.usefixtures("hub")
def test_a_damaged_file_is_named_and_not_used(folder: Path) -> None:
    download(folder)
    (folder / "model-00001-of-00001.safetensors").write_bytes(b"Weights" * 1000)
    with pytest.raises(DownloadError, match=r"safetensors has hash \w+ instead of \w+; delete it"):
        download(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_other_bytes_than_the_hub_states_are_refused(name: str, hub: Hub, folder: Path) -> None:
    hub.files[name] = hub.files[name].swapcase().replace(b"{", b"[")
    with pytest.raises(DownloadError, match=f"{name} has hash"):
        download(folder)


def test_a_hub_that_states_other_contents_for_the_same_revision_is_refused(hub: Hub, folder: Path) -> None:
    download(folder)
    hub.stated["config.json"] = hub.files["config.json"] = b"{}"
    with pytest.raises(
        DownloadError, match=r"states other contents than the lock for config.json: do not use"
    ):
        download(folder)


@pytest.mark.usefixtures("hub")
def test_a_lock_in_the_repository_binds_a_first_download(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download(folder)
    locks = tmp_path / "locks"
    locks.mkdir()
    content = json.loads((folder / "lock.json").read_text())
    content["files"][0]["size_bytes"] += 1
    (locks / "qwen3-1.7b.json").write_text(json.dumps(content))
    monkeypatch.setattr("build_engines.download.LOCKS", locks)
    (tmp_path / "new").mkdir()
    with pytest.raises(DownloadError, match=r"states other contents than the lock for config.json"):
        download(tmp_path / "new")


@pytest.mark.usefixtures("hub")
def test_a_lock_of_another_revision_is_refused(folder: Path) -> None:
    download(folder)
    content = json.loads((folder / "lock.json").read_text())
    (folder / "lock.json").write_text(json.dumps(content | {"revision": "0" * 40}))
    with pytest.raises(DownloadError, match="is of revision 0000"):
        download(folder)
    (folder / "lock.json").write_text("{}")
    with pytest.raises(DownloadError, match="is no lock"):
        download(folder)


def test_an_unreachable_hub_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(
        DownloadError, match=r"Qwen/Qwen3-1.7B@70d244cc86cc could not be fetched from http://127.0.0.1:1"
    ):
        download(folder)
