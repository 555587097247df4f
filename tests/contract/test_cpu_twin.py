"""Both engines against the published tensors, one by one: each is taken, or refused by its name.

What the tensors mean (deltas, `sequence_length` of one response, `end_id`, stop words, cancel and stop requests) is
tested on the real Triton in tests/backends/tensorrtllm/test_contract_on_triton.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends.tensorrtllm.errors import BadRequestError
from backends.tensorrtllm.request import TWIN_INPUTS, Limits, is_stop, parse_generation
from tests.contract.test_tensorrt_llm_config import INPUTS

LIMITS = Limits(context_tokens=64, vocabulary_size=100, exclude_input_in_output=True)
LLMAPI = replace(LIMITS, engine="TensorRT-LLM's LLM API", bans_long_words=False, is_cpu=False)
NUMPY = {"BOOL": np.bool_, "FP16": np.float16, "FP32": np.float32, "STRING": np.object_}
# What an engine of one sequence without beams, drafts, adapters, images or guides can do.
_TAKEN = """
input_ids input_lengths request_output_len end_id pad_id stop_words_list bad_words_list embedding_bias
temperature runtime_top_k runtime_top_p repetition_penalty min_tokens presence_penalty frequency_penalty seed
streaming stop exclude_input_in_output return_log_probs return_num_input_tokens return_num_output_tokens
len_penalty early_stopping beam_search_diversity_rate runtime_top_p_min runtime_top_p_reset_ids
beam_width num_return_sequences runtime_top_p_decay return_context_logits return_generation_logits
return_perf_metrics
"""
TAKEN = set(_TAKEN.split())
BY_THE_CPU = {"guided_decoding_guide_type", "guided_decoding_guide"}
# Taken at these values only: they ask for nothing that the engines cannot give.
VALUES: dict[str, Any] = {
    "input_ids": [1, 2, 3],
    "input_lengths": [3],
    "embedding_bias": [0.0] * 100,
    "stop_words_list": [[5], [1]],
    "bad_words_list": [[5], [1]],
    "return_context_logits": [False],
    "return_generation_logits": [False],
    "return_perf_metrics": [False],
    "guided_decoding_guide_type": [b"json"],
    "guided_decoding_guide": [b"{}"],
}


class Published:
    """One line of the published inputs."""

    def __init__(self, line: str) -> None:
        self.name, self.type, dims, *flags = line.split()
        self.dims = [int(dim) for dim in dims.split(",")]
        self.required = "o" not in "".join(flags)

    def tensor(self) -> Any:
        """A value of the published type and rank, with the batch dimension."""
        value = VALUES.get(self.name, np.ones([max(dim, 1) for dim in self.dims]))
        return np.array([value], dtype=NUMPY.get(self.type) or np.dtype(self.type.lower()))


ALL = [Published(line) for line in INPUTS.strip().splitlines()]
NEEDED = {one.name: one.tensor() for one in ALL if one.required} | {
    one.name: one.tensor() for one in ALL if one.name == "input_ids"
}


def test_what_is_taken_is_published() -> None:
    assert {one.name for one in ALL} >= TAKEN


@pytest.mark.parametrize("limits", [LIMITS, LLMAPI], ids=["llama.cpp", "llmapi"])
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_published_tensor_is_taken_or_refused_by_its_name(one: Published, limits: Limits) -> None:
    tensors = NEEDED | {one.name: one.tensor()}
    if one.name in TAKEN or (limits.is_cpu and one.name in BY_THE_CPU):
        assert parse_generation(tensors, limits).prompt == (1, 2, 3)
    else:
        with pytest.raises(BadRequestError) as refusal:
            parse_generation(tensors, limits)
        assert str(refusal.value).startswith(f"{one.name}: {limits.engine} cannot do this")


def test_what_must_be_sent_is_what_the_cpp_backend_needs() -> None:
    assert {one.name for one in ALL if one.required} == {"input_lengths", "request_output_len"}
    for name in ("input_ids", "request_output_len"):
        with pytest.raises(BadRequestError, match=f"^{name}: "):
            parse_generation({key: value for key, value in NEEDED.items() if key != name}, LIMITS)


@pytest.mark.parametrize("name", TWIN_INPUTS)
def test_an_unpublished_tensor_is_taken_by_the_cpu_alone(name: str) -> None:
    tensors = NEEDED | {name: np.array([[1]], np.float32)}
    assert getattr(parse_generation(tensors, LIMITS).sampling, name) == 1
    with pytest.raises(BadRequestError, match=f"^{name}: "):
        parse_generation(tensors, LLMAPI)


def test_defaults_are_those_of_the_cpp_backend() -> None:
    generation = parse_generation(NEEDED, LIMITS)
    assert generation.sampling.end_id == -1, "called without it, the engine never stops"
    assert (generation.sampling.temperature, generation.sampling.repetition_penalty) == (1.0, 1.0)
    assert (generation.streaming, generation.return_log_probs) == (False, False)
    assert not is_stop(NEEDED)
