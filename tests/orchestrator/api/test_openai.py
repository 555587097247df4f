"""OpenAI's API through its own Python client, on the real Triton."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

pytestmark = pytest.mark.triton

MODEL = "smollm2-135m"
USER = [{"role": "user", "content": "Name three colours."}]


@pytest.fixture(scope="module")
def client(api: str) -> Any:
    return openai.OpenAI(base_url=f"{api}/v1", api_key="unused", max_retries=0, timeout=120)


def test_models_are_listed_and_read(client: Any) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "beautyai"
    with pytest.raises(openai.NotFoundError, match="gpt-9"):
        client.models.retrieve("gpt-9")


def test_a_chat_is_answered(client: Any) -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=USER, max_tokens=6, seed=1, n=2, logprobs=True, top_logprobs=2
    )
    assert [choice.finish_reason for choice in answer.choices] == ["length", "length"]
    first = answer.choices[0]
    assert first.message.content == "".join(one.token for one in first.logprobs.content)
    assert all(len(one.top_logprobs) == 2 for one in first.logprobs.content)
    assert answer.usage.completion_tokens == 12


def test_a_chat_is_streamed_with_its_usage(client: Any) -> None:
    asked = {"model": MODEL, "messages": USER, "max_completion_tokens": 6, "seed": 1}
    stream = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == (
        client.chat.completions.create(**asked).choices[0].message.content
    )
    assert chunks[-1].choices[0].finish_reason == "length"
    assert (last.choices, last.usage.completion_tokens) == ([], 6)


def test_stop_strings_and_our_own_parameters_are_taken(client: Any) -> None:
    asked = {"model": MODEL, "messages": USER, "max_tokens": 12, "extra_body": {"do_sample": False}}
    whole = client.chat.completions.create(**asked).choices[0].message.content
    cut = client.chat.completions.create(**asked, stop=whole[5:8]).choices[0]
    assert (cut.message.content, cut.finish_reason) == (whole[:5], "stop")


def test_a_schema_is_followed(client: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "blue"]}},
        "required": ["colour"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model=MODEL,
        messages=USER,
        max_tokens=40,
        response_format={"type": "json_schema", "json_schema": {"name": "colour", "schema": schema}},
    )
    assert json.loads(answer.choices[0].message.content)["colour"] in ("red", "blue")


def test_tools_are_refused_by_name_where_the_model_knows_none(client: Any) -> None:
    tool = {"type": "function", "function": {"name": "clock", "parameters": {"type": "object"}}}
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(model=MODEL, messages=USER, tools=[tool])
    assert (refusal.value.param, refusal.value.code) == ("tools", "unsupported_parameter")


def test_a_bad_value_is_a_bad_request(client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.chat.completions.create(model=MODEL, messages=USER, temperature=9)
    assert refusal.value.param == "temperature"
    assert refusal.value.response.headers["x-request-id"]


def test_a_text_is_continued(client: Any) -> None:
    answer = client.completions.create(
        model=MODEL,
        prompt=["One, two, three,", "A, B, C,"],
        max_tokens=4,
        temperature=0,
        logprobs=2,
        echo=True,
    )
    first, second = answer.choices
    assert first.text.startswith("One, two, three, four")
    assert second.text.startswith("A, B, C,")
    assert len(first.logprobs.tokens) == len(first.logprobs.top_logprobs) == 4
    assert first.text[first.logprobs.text_offset[0] :].startswith(first.logprobs.tokens[0])


def test_a_continuation_is_streamed(client: Any) -> None:
    asked = {"model": MODEL, "prompt": "One, two, three,", "max_tokens": 4, "temperature": 0}
    *chunks, last = list(
        client.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    whole = client.completions.create(**asked).choices[0].text
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole
    assert last.usage.completion_tokens == 4
