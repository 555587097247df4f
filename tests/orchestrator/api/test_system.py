"""`/system` and `/config`, on the real Triton."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from orchestrator.config import Settings
from tests.conftest import RunningTriton
from tests.orchestrator.api.conftest import serving, settings_for

pytestmark = pytest.mark.triton


@pytest.fixture(scope="module")
def settings(triton: RunningTriton, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of an orchestrator of its own: its settings are changed."""
    return settings_for(triton, tmp_path_factory.mktemp("system"))


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx2.Client]:
    level = logging.getLogger().level
    with serving(settings) as url, httpx2.Client(base_url=url, timeout=30) as client:
        yield client
    logging.getLogger().setLevel(level)


def test_the_status_tells_of_machine_models_and_sessions(client: httpx2.Client) -> None:
    status = client.get("/system/status").json()
    assert status["cpu"]["cores"] == os.cpu_count()
    assert 0 < status["memory"]["available_bytes"] < status["memory"]["total_bytes"]
    assert all(disk["free_bytes"] > 0 for disk in status["disks"])
    assert status["triton"]["live"]
    assert status["versions"]["triton"].startswith("2.")
    models = status["triton"]["models"]
    assert {"whisper", "tensorrt_llm", "tts", "vad"} <= set(models)
    assert models["vad"]["state"] == "READY"
    assert status["sessions"] == {"open": 0, "max": 64}
    assert status["uptime_seconds"] > 0


def test_the_cache_is_cleared_but_for_what_is_in_use(client: httpx2.Client, settings: Settings) -> None:
    cache = settings.cache
    for name, size in (("weights/old/model.bin", 1000), ("logs/triton-1.log", 10), ("partial/new~1/a", 7)):
        (cache / name).parent.mkdir(parents=True, exist_ok=True)
        (cache / name).write_bytes(b"x" * size)
    used = cache / "weights/used"
    used.symlink_to(Path(os.environ["BEAUTYAI_LLM_GGUF"]).parent)
    (cache / "locks").mkdir()
    with (cache / "locks/new").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        first = client.delete("/system/cache").json()
    assert first == {
        "freed_bytes": 10,
        "removed": ["logs/triton-1.log"],
        "kept": {"partial/new~1": "it is being fetched"},
    }
    sizes = client.get("/system/cache").json()
    assert sizes["parts"]["weights"]["items"][0] == {"name": "old", "size_bytes": 1000, "in_use": None}
    second = client.delete("/system/cache", params={"what": ["weights", "partial"]}).json()
    assert second["removed"] == ["weights/old", "partial/new~1"]
    assert second["kept"] == {"weights/used": "a model or a process uses it"}
    assert client.delete("/system/cache", params={"what": "everything"}).json()["code"] == "bad_request"


def test_settings_that_can_act_at_once_do(client: httpx2.Client) -> None:
    changes = {"max_sessions": 3, "log_level": "WARNING", "session": {"generation": {"max_tokens": 40}}}
    changed = put(client, changes)
    assert changed["restart_required"] == []
    assert changed["settings"]["session"]["generation"]["max_tokens"] == 40
    assert client.get("/system/status").json()["sessions"]["max"] == 3
    assert logging.getLogger().level == logging.WARNING


def test_settings_that_need_a_restart_say_so(client: httpx2.Client, settings: Settings) -> None:
    changed = put(client, {"partials_at_once": 3, "triton_admin_key": "a secret of some length"})
    assert changed["restart_required"] == ["triton_admin_key", "partials_at_once"]
    assert changed["settings"]["triton_admin_key"] == "**********"
    kept = put(client, {"triton_admin_key": "**********"})
    assert kept["restart_required"] == changed["restart_required"]
    assert json.loads(Path(kept["file"]).read_text())["triton_admin_key"] == "a secret of some length"
    assert put(client, {"triton_admin_key": None, "partials_at_once": None})["restart_required"] == []
    assert client.get("/config").json()["file"] == str(settings.data_dir / "config.json")


def test_what_the_environment_sets_is_said_to_be_stronger(
    client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAUTYAI_SESSION__SPEED", "1.5")
    told = client.post("/config/validate", json={"settings": {"session": {"speed": 0.7}}}).json()
    assert "session.speed" in told["overridden_by_environment"]
    assert told["settings"]["session"]["speed"] == 1.5


def test_a_change_that_is_wrong_changes_nothing_and_everything_wrong_is_told(client: httpx2.Client) -> None:
    before = client.get("/config").json()
    wrong = {"settings": {"max_sessions": 0, "session": {"language": "klingon"}, "prot": 1}}
    for method, path in (("PUT", "/config"), ("POST", "/config/validate")):
        refused = client.request(method, path, json=wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "bad_setting")
        for name in ("max_sessions", "session.language", "prot"):
            assert name in refused.json()["detail"]
    assert client.get("/config").json() == before


def test_the_settings_before_a_change_are_brought_back(client: httpx2.Client) -> None:
    put(client, {"max_sessions": 5})
    put(client, {"max_sessions": 6})
    newest = client.get("/config/backups").json()["backups"][0]["name"]
    restored = client.post("/config/restore", json={"backup": newest}).json()
    assert restored["settings"]["max_sessions"] == 5
    assert client.get("/system/status").json()["sessions"]["max"] == 5
    assert client.post("/config/restore", json={"backup": "none"}).json()["code"] == "unknown_backup"


def test_a_file_that_somebody_has_broken_is_told_with_its_line_and_left_alone(
    client: httpx2.Client, settings: Settings
) -> None:
    file = settings.data_dir / "config.json"
    before = file.read_text() if file.exists() else "{}"
    broken = '{\n  "max_sessions": 5,\n  oops\n}'
    try:
        file.write_text(broken)
        for answer in (client.get("/config"), client.put("/config", json={"settings": {"max_sessions": 7}})):
            assert (answer.status_code, answer.json()["code"]) == (500, "broken_file")
            assert "line 3" in answer.json()["detail"]
        assert file.read_text() == broken
    finally:
        file.write_text(before)


def put(client: httpx2.Client, changes: dict[str, Any]) -> dict[str, Any]:
    answer = client.put("/config", json={"settings": changes})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content
