"""Text in, text out on the real Triton: the ensemble, and the two models around the engine."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from tests.backends.tensorrtllm.llm_client import Llm, int32, strings

pytestmark = pytest.mark.triton

STREAM = np.array([[True]])


@pytest.fixture(scope="module")
def llm(triton: Any) -> Llm:
    return Llm(triton.grpc_url, triton.metrics_url)


def messages(content: str) -> np.ndarray[Any, Any]:
    return strings(json.dumps([{"role": "user", "content": content}]))


def test_streamed_pieces_joined_are_the_unstreamed_answer(llm: Llm) -> None:
    pieces = llm.chat(messages=messages("What is 2+2?"), max_tokens=int32(24), stream=STREAM)
    whole = llm.chat(messages=messages("What is 2+2?"), max_tokens=int32(24))
    assert len(pieces) > 3
    assert ["".join(pieces)] == whole
    assert "<|" not in whole[0]


def test_raw_text_is_continued(llm: Llm) -> None:
    assert "".join(
        llm.chat(text_input=strings("One, two, three, four,"), max_tokens=int32(4), stream=STREAM)
    ).strip()


def test_a_stop_word_ends_the_text(llm: Llm) -> None:
    text = llm.chat(text_input=strings("One, two, three,"), max_tokens=int32(40), stop_words=strings(","))
    assert text[0].count(",") == 1
    assert text[0].endswith(",")


def test_a_bad_word_does_not_occur(llm: Llm) -> None:
    text = llm.chat(text_input=strings("One, two, three,"), max_tokens=int32(20), bad_words=strings(","))
    assert "," not in text[0].split()


def test_sampling_reaches_the_engine(llm: Llm) -> None:
    def sampled(seed: int) -> list[str]:
        drawn = {"temperature": np.array([[1.5]], np.float32), "top_p": np.array([[1.0]], np.float32)}
        seeded: dict[str, Any] = {"seed": np.array([[seed]], np.uint64), "max_tokens": int32(12)}
        return llm.chat(messages=messages("Tell me a story."), **drawn, **seeded)

    assert sampled(1) == sampled(1)
    assert sampled(1) != sampled(2)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "give either MESSAGES or QUERY"),
        ({"messages": strings("[]"), "text_input": strings("a")}, "give either MESSAGES or QUERY"),
        ({"messages": strings("{")}, "MESSAGES: not JSON"),
        ({"messages": strings('[{"role": "root", "content": "a"}]')}, "role 'root'"),
        ({"text_input": strings("")}, "QUERY: empty"),
        ({"text_input": strings("word " * 50_000)}, "QUERY: longer than"),
        ({"text_input": strings("word " * 5_000)}, "request_output_len: "),
    ],
)
def test_a_request_that_cannot_work_is_refused_by_name(llm: Llm, tensors: Any, message: str) -> None:
    with pytest.raises(InferenceServerException, match=message):
        llm.chat(max_tokens=int32(4), **tensors)
