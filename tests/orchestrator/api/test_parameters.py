"""One row for each generation parameter, on the real Triton: its effect, or its refusal by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from orchestrator.parameters import GenerationParameters
from tests.orchestrator.api.asking import answered, ask, refused

pytestmark = pytest.mark.triton

Check = Callable[[httpx2.Client], None]
ROWS: dict[str, Check] = {}
WILD: dict[str, Any] = {"temperature": 1.8, "top_p": 1.0, "top_k": 0, "seed": 11}


def row(name: str) -> Callable[[Check], Check]:
    """The check of the parameter `name`."""

    def add(check: Check) -> Check:
        ROWS[name] = check
        return check

    return add


@pytest.fixture(scope="module")
def client(api: str) -> httpx2.Client:
    return httpx2.Client(base_url=api)


@pytest.mark.parametrize("name", GenerationParameters.model_fields)
def test_a_parameter_acts_or_is_refused_by_name(client: httpx2.Client, name: str) -> None:
    ROWS[name](client)


def greedy(client: httpx2.Client) -> str:
    return text(client, do_sample=False)


def text(client: httpx2.Client, **body: Any) -> str:
    return str(answered(client, **body)["text"])


def same_as_greedy(client: httpx2.Client, **body: Any) -> None:
    assert text(client, **(WILD | body)) == greedy(client) != text(client, **WILD)


@row("temperature")
def temperature(client: httpx2.Client) -> None:
    assert text(client, temperature=0) == greedy(client)
    assert text(client, **WILD) != text(client, **WILD | {"temperature": 0.2})


@row("top_p")
def top_p(client: httpx2.Client) -> None:
    same_as_greedy(client, top_p=0.001)


@row("top_k")
def top_k(client: httpx2.Client) -> None:
    same_as_greedy(client, top_k=1)


@row("min_p")
def min_p(client: httpx2.Client) -> None:
    same_as_greedy(client, min_p=1.0)


@row("typical_p")
def typical_p(client: httpx2.Client) -> None:
    calm = {**WILD, "temperature": 1.0}
    assert text(client, **calm, typical_p=0.001) != text(client, **calm) == text(client, **calm, typical_p=1)


@row("do_sample")
def do_sample(client: httpx2.Client) -> None:
    assert text(client, do_sample=False, seed=1) == text(client, do_sample=False, seed=2)
    refused(client, "top_p", do_sample=False, top_p=0.5)


@row("seed")
def seed(client: httpx2.Client) -> None:
    assert text(client, **WILD) == text(client, **WILD) != text(client, **WILD | {"seed": 12})
    drawn = answered(client)
    assert text(client, seed=drawn["effective_parameters"]["seed"]) == drawn["text"]


def changes_greedy(client: httpx2.Client, **body: Any) -> None:
    plain = {"do_sample": False, "repetition_penalty": 1.0}
    assert text(client, **plain | body) != text(client, **plain)


@row("repetition_penalty")
def repetition_penalty(client: httpx2.Client) -> None:
    changes_greedy(client, repetition_penalty=2.0)


@row("presence_penalty")
def presence_penalty(client: httpx2.Client) -> None:
    changes_greedy(client, presence_penalty=2.0, max_new_tokens=24)


@row("frequency_penalty")
def frequency_penalty(client: httpx2.Client) -> None:
    changes_greedy(client, frequency_penalty=2.0, max_new_tokens=24)


@row("no_repeat_ngram_size")
def no_repeat_ngram_size(client: httpx2.Client) -> None:
    answer = answered(client, no_repeat_ngram_size=1, logprobs=True, max_new_tokens=16)
    tokens = [one["token"] for one in answer["logprobs"]]
    assert len(set(tokens)) == len(tokens)


@row("max_new_tokens")
def max_new_tokens(client: httpx2.Client) -> None:
    answer = answered(client, max_new_tokens=3)
    assert (answer["usage"]["completion_tokens"], answer["finish_reason"]) == (3, "length")
    refused(client, "max_new_tokens", max_new_tokens=32_768)


@row("min_new_tokens")
def min_new_tokens(client: httpx2.Client) -> None:
    question = {"message": "What is 2 + 2? Answer with the number alone.", "do_sample": False}
    usual = answered(client, **question, max_new_tokens=40)
    assert usual["finish_reason"] == "stop"
    least = usual["usage"]["completion_tokens"] + 4
    longer = answered(client, **question, max_new_tokens=60, min_new_tokens=least)
    assert longer["usage"]["completion_tokens"] >= least
    refused(client, "min_new_tokens", min_new_tokens=9)


@row("stop")
def stop(client: httpx2.Client) -> None:
    whole = greedy(client)
    cut = answered(client, do_sample=False, max_new_tokens=40, stop=["no such words", whole[4:7]])
    assert (cut["text"], cut["finish_reason"]) == (whole[:4], "stop")
    assert cut["usage"]["completion_tokens"] < 8, "the generation ended at once"


@row("bad_words")
def bad_words(client: httpx2.Client) -> None:
    first = greedy(client).split()[0]
    assert not text(client, do_sample=False, bad_words=[first]).startswith(first)


@row("num_beams")
def num_beams(client: httpx2.Client) -> None:
    assert "beam search" in refused(client, "num_beams", num_beams=4)["detail"]
    answered(client, num_beams=1, max_new_tokens=1)


@row("length_penalty")
def length_penalty(client: httpx2.Client) -> None:
    assert "beam search" in refused(client, "length_penalty", length_penalty=2.0)["detail"]


@row("early_stopping")
def early_stopping(client: httpx2.Client) -> None:
    assert "beam search" in refused(client, "early_stopping", early_stopping=True)["detail"]


@row("top_p_decay")
def top_p_decay(client: httpx2.Client) -> None:
    decayed = [text(client, **WILD | {"top_p_decay": 0.001, "seed": 11, "max_new_tokens": 12}) for _ in "ab"]
    assert decayed[0] == decayed[1] != text(client, **WILD, max_new_tokens=12)
    refused(client, "top_p_decay", top_p_decay=0.5)


@row("top_p_min")
def top_p_min(client: httpx2.Client) -> None:
    # A decay that is not let down has no effect.
    assert text(client, **WILD, top_p_decay=0.001, top_p_min=1.0) == text(client, **WILD)
    refused(client, "top_p_min", top_p_min=0.5)


@row("logprobs")
def logprobs(client: httpx2.Client) -> None:
    answer = answered(client, logprobs=True)
    assert "".join(one["token"] for one in answer["logprobs"]) == answer["text"]
    assert all(one["logprob"] <= 0 for one in answer["logprobs"])
    assert "logprobs" not in answered(client, max_new_tokens=1)


@row("top_logprobs")
def top_logprobs(client: httpx2.Client) -> None:
    answer = answered(client, logprobs=True, top_logprobs=3, do_sample=False, repetition_penalty=1.0)
    for one in answer["logprobs"]:
        assert len(one["top_logprobs"]) == 3
        assert one["top_logprobs"][0]["token"] == one["token"], "greedy: the most likely was chosen"
    refused(client, "top_logprobs", top_logprobs=3)


@row("n")
def n(client: httpx2.Client) -> None:
    answer = answered(client, **WILD, n=3)
    assert len({choice["text"] for choice in answer["choices"]}) == 3
    assert answer["choices"][0]["text"] == text(client, **WILD)
    assert answer["choices"][1]["text"] == text(client, **WILD | {"seed": WILD["seed"] + 1})


@row("enable_thinking")
def enable_thinking(client: httpx2.Client) -> None:
    assert "no thoughts" in refused(client, "enable_thinking", enable_thinking=True)["detail"]


@row("max_thinking_tokens")
def max_thinking_tokens(client: httpx2.Client) -> None:
    assert "no thoughts" in refused(client, "max_thinking_tokens", max_thinking_tokens=9)["detail"]


@row("response_format")
def response_format(client: httpx2.Client) -> None:
    properties = {"colour": {"enum": ["red", "blue"]}, "count": {"type": "integer", "maximum": 9}}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
    found = json.loads(text(client, response_format=wanted, max_new_tokens=64, **WILD))
    assert found["colour"] in ("red", "blue")
    assert isinstance(found["count"], int)
    impossible = {"type": "json_schema", "json_schema": {"schema": {"type": "no such type"}}}
    refused(client, "response_format", response_format=impossible)


@row("lora")
def lora(client: httpx2.Client) -> None:
    assert "adapters" in refused(client, "lora", lora=1)["detail"]


@row("echo")
def echo(client: httpx2.Client) -> None:
    assert text(client, message="Hello!", echo=True, do_sample=False).startswith("Hello!")


@row("truncation")
def truncation(client: httpx2.Client) -> None:
    turn = [{"role": "user", "content": "word " * 60}, {"role": "assistant", "content": "Yes."}]
    messages = [*turn * 4, {"role": "user", "content": "Say yes."}]
    long = {"messages": messages, "max_new_tokens": 1900, "stop": [*"aeiouAEIOU"]}
    refusal = ask(client, **long, truncation="disabled")
    assert (refusal.status_code, refusal.json()["field"]) == (400, "messages")
    assert answered(client, **long, truncation="auto")["usage"]["prompt_tokens"] <= 148
