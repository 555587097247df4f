"""Every route under `/models`, on the real Triton."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.triton


@pytest.fixture(scope="module")
def client(api: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=api, timeout=60) as client:
        yield client


@pytest.fixture
def tiny(client: httpx2.Client) -> Iterator[str]:
    """A second Whisper in the registry, which is gone again after the test; `whisper-base` is served then."""
    added = client.post("/models", json=tiny_entry("whisper-tiny.en"))
    assert added.status_code == 201, added.text
    yield "whisper-tiny.en"
    assert client.post("/models/whisper-base/load").status_code == 200
    assert client.delete("/models/whisper-tiny.en").status_code == 204


def tiny_entry(name: str, **changes: Any) -> dict[str, Any]:
    entry = {
        "id": name,
        "triton_model": "whisper",
        "engine": "ctranslate2",
        "quantization": "int8",
        "weights": os.environ["BEAUTYAI_WHISPER_TINY_EN_DIR"],
        "description": "English only, twice as fast",
    }
    return {**entry, **changes}


def test_the_first_registry_is_what_the_runtime_serves(client: httpx2.Client) -> None:
    listed = client.get("/models").json()
    models = {model["id"]: model for model in listed["models"]}
    assert {"smollm2-135m", "whisper-base", "silero-vad", "smart-turn"} <= set(models)
    assert listed["default"] == "smollm2-135m"
    language = models["smollm2-135m"]
    assert (language["engine"], language["state"], language["default"]) == ("llama.cpp", "ready", True)
    assert language["weights"] == os.environ["BEAUTYAI_LLM_GGUF"]
    assert language["capabilities"]["temperature"] == {"supported": True, "reason": None}
    assert not language["capabilities"]["lora"]["supported"]
    assert models["whisper-base"]["capabilities"] is None


def test_a_model_is_shown_with_what_its_loading_would_need(client: httpx2.Client) -> None:
    shown = client.get("/models/smollm2-135m").json()
    assert {check["name"]: check["answer"] for check in shown["compatibility"]} == dict.fromkeys(
        ("repository", "weights", "tokenizer", "memory"), "passed"
    )


def test_another_whisper_takes_the_place_of_the_first_and_gives_it_back(
    client: httpx2.Client, tiny: str
) -> None:
    loaded = client.post(f"/models/{tiny}/load")
    assert loaded.status_code == 200, loaded.text
    assert loaded.json()["state"] == "ready"
    assert client.get("/models/whisper-base").json()["state"] == "unloaded"
    assert client.delete(f"/models/{tiny}").json()["code"] == "model_conflict"
    assert client.post("/models/whisper-base/load").json()["state"] == "ready"
    assert client.get(f"/models/{tiny}").json()["state"] == "unloaded"


def test_what_an_administrator_unloads_stays_unloaded_until_it_is_loaded(client: httpx2.Client) -> None:
    try:
        unloaded = client.delete("/models/smart-turn/unload")
        assert unloaded.status_code == 200, unloaded.text
        assert unloaded.json()["state"] == "unloaded"
        assert client.delete("/models/smart-turn/unload").json()["code"] == "model_conflict"
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert "smart-turn" in ready.json()["models"]["end_of_turn"]["error"]
    finally:
        assert client.post("/models/smart-turn/load").json()["state"] == "ready"


def test_a_chat_of_a_model_that_is_unloaded_is_told_so_and_works_again_after_it_is_loaded(
    client: httpx2.Client,
) -> None:
    question = {"message": "Count.", "max_new_tokens": 60, "min_new_tokens": 50, "stream": True}
    with client.stream("POST", "/inference/chat", json=question) as streamed:
        lines = streamed.iter_lines()
        first = next(line for line in lines if line.startswith("event: "))
        assert first == "event: delta"
        try:
            # Beside the reading: a stream that nobody reads does not end.
            with ThreadPoolExecutor(1) as beside:
                unloading = beside.submit(client.delete, "/models/smollm2-135m/unload")
                events = [line for line in lines if line.startswith("event: ")]
            assert events[-1] == "event: done"
            assert unloading.result().status_code == 200
            refused = client.post("/inference/chat", json={"message": "Hi"})
            assert (refused.status_code, refused.json()["code"]) == (409, "model_unloaded")
            assert "/models/smollm2-135m/load" in refused.json()["detail"]
            assert client.get("/v1/models").json()["data"] == []
            unloaded = client.get("/models/smollm2-135m").json()
            assert unloaded["state"] in ("unloading", "unloaded")  # a busy machine takes its time to free it
            assert unloaded["capabilities"] is None
        finally:
            assert client.post("/models/smollm2-135m/load").json()["state"] == "ready"
    assert client.post("/inference/chat", json={"message": "Hi", "max_new_tokens": 2}).status_code == 200


def test_a_model_without_weights_is_not_loaded_and_every_reason_is_told(client: httpx2.Client) -> None:
    away = tiny_entry("away", weights="/no/such/folder", triton_parameters={"beam_size": "1"})
    client.post("/models", json=away)
    refused = client.post("/models/away/load")
    assert (refused.status_code, refused.json()["code"]) == (422, "model_incompatible")
    assert "there is nothing at /no/such/folder" in refused.json()["detail"]
    assert client.get("/models/whisper-base").json()["state"] == "ready"
    assert client.delete("/models/away").status_code == 204


def test_a_model_that_triton_cannot_load_leaves_the_one_before_in_service(client: httpx2.Client) -> None:
    broken = {
        "id": "broken",
        "triton_model": "end_of_turn",
        "engine": "onnxruntime",
        "weights": os.environ["BEAUTYAI_END_OF_TURN_MODEL"],
        "triton_parameters": {"threads": "many"},
    }
    client.post("/models", json=broken)
    failed = client.post("/models/broken/load")
    assert (failed.status_code, failed.json()["code"]) == (502, "model_load_failed")
    assert "smart-turn is served again" in failed.json()["detail"]
    assert "'many' is not a number" in failed.json()["detail"]
    assert client.get("/models/smart-turn").json()["state"] == "ready"
    assert client.delete("/models/broken").status_code == 204


def test_an_entry_is_changed_and_restored(client: httpx2.Client) -> None:
    shown = client.get("/models/smollm2-135m").json()
    known = ("triton_model", "engine", "quantization", "weights", "tokenizer")
    entry = {name: shown[name] for name in known}
    changed = {**entry, "description": "Ours", "default_parameters": {"temperature": 0.2, "stop": ["\n\n"]}}
    put = client.put("/models/smollm2-135m", json=changed)
    assert put.status_code == 200, put.text
    assert put.json()["default_parameters"] == {"temperature": 0.2, "stop": ["\n\n"]}
    newest = client.get("/models/backups").json()["backups"][0]["name"]
    restored = client.post("/models/restore", json={"backup": newest}).json()
    language = next(model for model in restored["models"] if model["id"] == "smollm2-135m")
    assert (language["default_parameters"], language["state"]) == ({}, "ready")


def test_a_chat_has_the_parameters_of_its_model_where_the_request_has_none(client: httpx2.Client) -> None:
    shown = client.get("/models/smollm2-135m").json()
    known = ("triton_model", "engine", "quantization", "description", "weights", "tokenizer")
    entry = {name: shown[name] for name in known}
    question = {"message": "Hi", "max_new_tokens": 2}
    try:
        client.put(
            "/models/smollm2-135m", json={**entry, "default_parameters": {"temperature": 0.2, "seed": 5}}
        )
        answer = client.post("/inference/chat", json=question).json()
        assert answer["model"] == "smollm2-135m"
        assert answer["effective_parameters"]["temperature"] == 0.2
        assert answer["effective_parameters"]["seed"] == 5
        asked = client.post("/inference/chat", json={**question, "temperature": 0.9}).json()
        assert asked["effective_parameters"]["temperature"] == 0.9
    finally:
        client.put("/models/smollm2-135m", json=entry)
    unknown = client.post("/inference/chat", json={**question, "model": "nobody"})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "model")
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["smollm2-135m"]


def test_the_default_is_a_language_model_that_is_loaded(client: httpx2.Client) -> None:
    assert client.post("/models/smollm2-135m/set-default").json()["default"]
    assert client.post("/models/whisper-base/set-default").json()["code"] == "model_conflict"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/models/nobody", None, 404, "unknown_model"),
        ("POST", "/models/nobody/load", None, 404, "unknown_model"),
        ("DELETE", "/models/nobody/unload", None, 404, "unknown_model"),
        ("POST", "/models/nobody/set-default", None, 404, "unknown_model"),
        ("DELETE", "/models/nobody", None, 404, "unknown_model"),
        ("DELETE", "/models/smollm2-135m", None, 409, "model_conflict"),
        ("POST", "/models/restore", {"backup": "../../etc/passwd"}, 404, "unknown_backup"),
        ("POST", "/models", {"id": "backups", "triton_model": "tts", "engine": "piper"}, 422, "bad_request"),
        ("POST", "/models", {"id": "a", "triton_model": "tts", "engine": "steam"}, 422, "bad_request"),
        (
            "POST",
            "/models",
            {"id": "whisper-base", "triton_model": "whisper", "engine": "ctranslate2"},
            409,
            "model_conflict",
        ),
        (
            "PUT",
            "/models/smollm2-135m",
            {"triton_model": "tensorrt_llm", "engine": "llama.cpp", "default_parameters": {"temprature": 1}},
            422,
            "bad_request",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: httpx2.Client, method: str, path: str, body: dict[str, Any] | None, status: int, code: str
) -> None:
    answer = client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
