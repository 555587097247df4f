"""`POST /inference/chat` on the real Triton: whole, streamed, in a session, and left in the middle."""

from __future__ import annotations

import time
import urllib.request
from typing import Any

import httpx2
import pytest

from orchestrator.presets import PRESETS, preset_values
from tests.conftest import RunningTriton
from tests.orchestrator.api.asking import answered, ask, events, refused

pytestmark = pytest.mark.triton


@pytest.fixture(scope="module")
def client(api: str) -> httpx2.Client:
    return httpx2.Client(base_url=api)


def streamed(client: httpx2.Client, **body: Any) -> list[tuple[str, Any]]:
    asked = {"message": "Name three colours.", "max_new_tokens": 8, "stream": True, **body}
    with client.stream("POST", "/inference/chat", json=asked, timeout=120) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return events(answer.iter_lines())


def test_an_answer_says_how_it_was_made(client: httpx2.Client) -> None:
    answer = answered(client, seed=5, temperature=0.5)
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert answer["tokens_per_second"] > 0 < answer["time_to_first_token_ms"]
    effective = answer["effective_parameters"]
    assert (effective["seed"], effective["temperature"], effective["top_k"]) == (5, 0.5, 20)
    assert "session_id" not in answer


def test_a_stream_joins_to_the_answer_that_it_ends_with(client: httpx2.Client) -> None:
    *deltas, (name, answer) = streamed(client, seed=3)
    assert name == "done"
    assert len(deltas) > 2
    assert "".join(delta["text"] for _, delta in deltas) == answer["text"]
    assert answer["text"] == answered(client, message="Name three colours.", seed=3)["text"]


def test_a_stream_of_several_says_whose_each_piece_is(client: httpx2.Client) -> None:
    *deltas, (_, answer) = streamed(client, n=2, seed=3)
    for choice in answer["choices"]:
        pieces = [delta["text"] for _, delta in deltas if delta["index"] == choice["index"]]
        assert "".join(pieces) == choice["text"]


def test_what_cannot_be_streamed_is_refused_with_its_own_status(client: httpx2.Client) -> None:
    impossible = {"type": "json_schema", "json_schema": {"schema": {"type": "no such type"}}}
    refused(client, "response_format", stream=True, response_format=impossible)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_acts_unless_a_parameter_says_otherwise(client: httpx2.Client, preset: str) -> None:
    effective = answered(client, preset=preset, repetition_penalty=1.2, max_new_tokens=1)
    effective = effective["effective_parameters"]
    wanted = preset_values(preset) | {"repetition_penalty": 1.2, "max_new_tokens": 1}  # type: ignore[arg-type]
    if wanted["temperature"] == 0:
        wanted |= {"do_sample": False, "temperature": None}
    assert {name: effective.get(name) for name in wanted} == wanted


def test_a_language_is_asked_for_and_an_unknown_one_refused(client: httpx2.Client) -> None:
    plain = answered(client, max_new_tokens=1)["usage"]["prompt_tokens"]
    assert answered(client, language="ar", max_new_tokens=1)["usage"]["prompt_tokens"] > plain
    refused(client, "language", language="xx")


def test_a_session_remembers_what_was_said_and_answered(client: httpx2.Client) -> None:
    first = answered(client, message="My name is Ada.", session_id="chat-remembers")
    second = answered(client, message="What is my name?", session_id="chat-remembers")
    alone = answered(client, message="What is my name?")
    assert second["session_id"] == "chat-remembers"
    assert (
        second["usage"]["prompt_tokens"]
        > alone["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"]
    )


def test_a_model_that_is_not_there_is_refused(client: httpx2.Client) -> None:
    answer = ask(client, model="gpt-9")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        404,
        "unknown_model",
        "model",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "a"}], "message": "b"},
        {"messages": [{"role": "user", "content": "a"}], "session_id": "x"},
        {"message": "a", "temperature": 3},
        {"message": "a", "no_such_parameter": 1},
        {"message": "a", "session_id": "x", "n": 2},
    ],
)
def test_a_body_that_cannot_be_served_is_refused(client: httpx2.Client, body: dict[str, Any]) -> None:
    answer = client.post("/inference/chat", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")


def test_a_client_that_leaves_ends_the_generation_and_what_it_got_is_kept_as_cut(
    client: httpx2.Client, triton: RunningTriton
) -> None:
    body = {
        "message": "Tell me a very long story.",
        "session_id": "chat-left",
        "stream": True,
        "max_new_tokens": 1200,
        "min_new_tokens": 1200,
    }
    before = tokens_made(triton)
    with client.stream("POST", "/inference/chat", json=body, timeout=60) as answer:
        got = [line for line, _ in zip(answer.iter_lines(), range(9), strict=False)]
    assert any("delta" in line for line in got)
    deadline = time.monotonic() + 10
    while active(triton) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert tokens_made(triton) - before < 600
    follow_up = answered(client, message="Go on.", session_id="chat-left", max_new_tokens=1)
    alone = answered(client, message="Tell me a very long story. Go on.", max_new_tokens=1)
    assert follow_up["usage"]["prompt_tokens"] > alone["usage"]["prompt_tokens"]


def tokens_made(triton: RunningTriton) -> float:
    return metric(triton, "beautyai_llm_tokens_total")


def active(triton: RunningTriton) -> float:
    return metric(triton, "beautyai_llm_active_requests")


def metric(triton: RunningTriton, name: str) -> float:
    with urllib.request.urlopen(triton.metrics_url) as page:
        lines = page.read().decode().splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(name + "{")), 0.0)
