from __future__ import annotations

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from build_engines.answering import MAX_ANSWER_TOKENS, answer, log_probability

# Fields of SamplingParams in tensorrt_llm/sampling_params.py at v1.2.1, as far as they are used.
FIELDS = {"max_tokens", "top_k", "end_id", "pad_id", "detokenize", "return_generation_logits"}
END = 7


class FakeEngine:
    """`generate` of TensorRT-LLM's LLM: a model over 8 tokens that counts upwards and ends with 7."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def generate(self, inputs: list[list[int]], sampling_params: Any, use_tqdm: bool = True) -> list[Any]:
        assert not use_tqdm
        self.asked += inputs
        return [self._result(prompt, sampling_params) for prompt in inputs]

    def _result(self, prompt: Sequence[int], sampling: Any) -> Any:
        assert (sampling.top_k, sampling.end_id, sampling.pad_id, sampling.detokenize) == (1, END, END, False)
        following = list(range(prompt[-1] + 1, END))[: sampling.max_tokens]
        logits = np.zeros((1, 8), dtype=np.float32)
        logits[0, min(prompt[-1] + 1, END)] = 3.0
        wanted = getattr(sampling, "return_generation_logits", False)
        output = SimpleNamespace(token_ids=following, generation_logits=logits if wanted else None)
        return SimpleNamespace(outputs=[output])


def sampling(**fields: Any) -> Any:
    assert set(fields) <= FIELDS
    return SimpleNamespace(**fields)


def test_answers_are_greedy_and_a_text_is_scored_token_by_token() -> None:
    engine = FakeEngine()
    said = answer(engine, sampling, [[1, 2], [5]], [0, 1, 2, 4], END)
    assert said.tokens == ((3, 4, 5, 6), (6,))
    assert engine.asked == [[1, 2], [5], [0], [0, 1], [0, 1, 2]]
    likely = 3 - math.log(7 + math.exp(3))
    assert said.log_probs == pytest.approx((likely, likely, likely - 3))


def test_answers_are_long_enough_to_differ() -> None:
    assert MAX_ANSWER_TOKENS >= 64


def test_log_probabilities_stay_finite_for_large_logits() -> None:
    assert log_probability([1000.0, 1000.0], 0) == pytest.approx(math.log(0.5))
