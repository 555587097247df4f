"""What only the CPU twin promises, on the real Triton: tokens of a model that writes whole characters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.backends.tensorrtllm.llm_client import Llm, int32, strings

pytestmark = pytest.mark.triton


@pytest.fixture(scope="module")
def llm(triton: Any) -> Llm:
    return Llm(triton.grpc_url, triton.metrics_url)


def test_an_answer_begun_with_a_copy_of_a_running_ones_cache_is_the_same(llm: Llm) -> None:
    story = "Once upon a time there was a small village by the sea. " * 8
    request = llm.request(story + "Where was the village?", tokens=12)
    alone = llm.tokens(request)
    read = llm.metric("prompt_tokens_total")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(llm.tokens, [request] * 4))
    assert together == [alone] * 4
    # Each of the four computes its last prompt token, and what a copy is not worth.
    assert llm.metric("prompt_tokens_total") - read < 4 * 16


def test_every_token_of_a_character_arrives(llm: Llm) -> None:
    # One character of three or four tokens: a server that streams text would swallow all but the last id.
    pieces = [
        llm.prepare(QUERY=strings(emoji), REQUEST_OUTPUT_LEN=int32(1))["INPUT_ID"][0].tolist()
        for emoji in "🐢🌍"
    ]
    assert all(len(piece) > 1 for piece in pieces)
    prompt = [token for piece in pieces * 12 for token in piece]
    answer = llm.tokens(
        llm.request("", tokens=12, input_ids=int32(*prompt), input_lengths=int32(len(prompt)), end_id=None)
    )
    assert answer == [token for piece in pieces * 12 for token in piece][:12]
    assert "🐢" in llm.text(answer)
