"""What the tensors mean, said in the LLM API's words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backends.tensorrtllm.llmapi_sampling import sampling_arguments
from tests.backends.tensorrtllm.fake_release.tensorrt_llm import SamplingParams
from tests.backends.tensorrtllm.generations import generation


def arguments(**changes: Any) -> dict[str, Any]:
    return sampling_arguments(generation(**changes))


def test_defaults_are_greedy_and_never_end() -> None:
    assert arguments(tokens=7) == {
        "max_tokens": 7,
        "seed": 0,
        "include_stop_str_in_output": True,
        "detokenize": False,
        "end_id": 0,
        "pad_id": 0,
        "ignore_eos": True,
        "top_k": 1,
    }


@pytest.mark.parametrize(
    "changes", [{}, {"temperature": 1.5}, {"temperature": 0.0, "top_p": 0.9}, {"top_k": 1, "top_p": 0.9}]
)
def test_what_is_greedy_for_the_cpp_engine_is_greedy_here(changes: dict[str, Any]) -> None:
    assert SamplingParams(**arguments(**changes)).greedy


@pytest.mark.parametrize("changes", [{"top_k": 20}, {"top_p": 0.8}, {"top_p": 1.0, "temperature": 0.7}])
def test_what_is_drawn_there_is_drawn_here(changes: dict[str, Any]) -> None:
    made = SamplingParams(**arguments(**changes))
    assert not made.greedy
    assert made.temperature == changes.get("temperature", 1.0)
    assert (made.top_k, made.top_p) == (changes.get("top_k", 0), changes.get("top_p", 1.0))


def test_an_end_id_ends_and_may_be_held_back() -> None:
    made = arguments(end_id=42, min_tokens=5)
    assert (made["end_id"], made["pad_id"], made["min_tokens"]) == (42, 42, 5)
    assert "ignore_eos" not in made
    assert "min_tokens" not in arguments(min_tokens=5), "there is no end_id to hold back"


def test_single_stop_words_are_the_engines_and_longer_ones_are_not() -> None:
    assert arguments(stop_words=((7,), (8, 9)))["stop_token_ids"] == [7]
    assert "stop_token_ids" not in arguments(stop_words=((8, 9),))


def test_penalties_and_bad_words_go_along_only_where_they_do_something() -> None:
    made = arguments(
        repetition_penalty=1.1, presence_penalty=0.5, frequency_penalty=-0.5, bad_words=((3,), (4,))
    )
    assert made["bad_token_ids"] == [3, 4]
    assert [made[f"{kind}_penalty"] for kind in ("repetition", "presence", "frequency")] == [1.1, 0.5, -0.5]
    assert not [name for name in arguments() if name.endswith("penalty") or name == "bad_token_ids"]


def test_a_seed_of_64_bits_fits_the_samplers_signed_ones() -> None:
    assert arguments(seed=11)["seed"] == 11
    assert arguments(seed=2**64 - 1)["seed"] == 2**63 - 1


def test_log_probabilities_are_of_the_chosen_token_alone() -> None:
    assert arguments(return_log_probs=True)["logprobs"] == 0


def test_a_bias_goes_along_as_it_is() -> None:
    bias = np.ones(5, np.float32)
    assert arguments(embedding_bias=bias)["embedding_bias"] is bias
