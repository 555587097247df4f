"""NVIDIA's tensors, validated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backends.tensorrtllm.errors import BadRequestError
from backends.tensorrtllm.request import Generation, Limits, is_stop, parse_generation

LIMITS = Limits(context_tokens=16, vocabulary_size=100, exclude_input_in_output=True)


def parse(**changes: Any) -> Generation:
    """A request for 4 tokens after a prompt of 3, with changes; None leaves a tensor out."""
    tensors = {
        "input_ids": np.array([[1, 2, 3]], np.int32),
        "input_lengths": np.array([[3]], np.int32),
        "request_output_len": np.array([[4]], np.int32),
    }
    tensors |= {name: np.array([value]) for name, value in changes.items() if value is not None}
    return parse_generation(
        {name: tensors[name] for name in tensors if changes.get(name, 0) is not None}, LIMITS
    )


def test_defaults_are_those_of_the_engine() -> None:
    generation = parse()
    assert generation.prompt == (1, 2, 3)
    assert generation.max_output_tokens == 4
    assert (generation.sampling.end_id, generation.sampling.temperature, generation.sampling.seed) == (
        -1,
        1.0,
        0,
    )
    assert generation.sampling.greedy
    assert not generation.streaming
    assert generation.exclude_input_in_output


def test_input_lengths_cuts_the_padding_of_input_ids() -> None:
    assert parse(input_lengths=[2]).prompt == (1, 2)


def test_a_top_p_of_zero_or_less_is_unset() -> None:
    assert parse(runtime_top_p=[-1.0]).sampling.greedy
    assert parse(runtime_top_p=[-1.0], runtime_top_k=[5]).sampling.top_p == 0


@pytest.mark.parametrize("name", ["beam_width", "num_return_sequences"])
def test_one_sequence_may_be_asked_for(name: str) -> None:
    assert parse(**{name: [1]}) == parse()


def test_a_beam_search_setting_has_no_effect_without_beams() -> None:
    assert parse(len_penalty=[2.0], early_stopping=[True]) == parse()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_width", [2]),
        ("num_return_sequences", [3]),
        ("return_context_logits", [True]),
        ("return_perf_metrics", [True]),
        ("draft_input_ids", [1, 2]),
        ("lora_task_id", [1]),
        ("prompt_embedding_table", [[0.5]]),
        ("retention_token_range_starts", [0]),
        ("lookahead_window_size", [2]),
        ("encoder_input_features", [[0.5]]),
        ("mrope_position_deltas", [1]),
        ("context_phase_params", [1]),
    ],
)
def test_what_the_cpu_cannot_do_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadRequestError, match=f"^{name}: .*C\\+\\+ TensorRT-LLM engine can"):
        parse(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_ids", None),
        ("input_ids", [1, 2, 100]),
        ("input_ids", [1, -1, 2]),
        ("input_lengths", [4]),
        ("input_lengths", [0]),
        ("request_output_len", [0]),
        ("request_output_len", [14]),
        ("end_id", [100]),
        ("temperature", [-0.5]),
        ("temperature", [float("nan")]),
        ("repetition_penalty", [0.0]),
        ("presence_penalty", [float("inf")]),
        ("runtime_top_k", [-2]),
        ("min_tokens", [-1]),
        ("embedding_bias", [0.5, 0.5]),
        ("stop_words_list", [[100], [1]]),
        ("seed", [1, 2]),
        ("guided_decoding_guide_type", [b"regex"]),
        ("runtime_top_p_decay", [1.5]),
        ("typical_p", [0.0]),
        ("min_p", [-0.1]),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(BadRequestError, match=f"^{name}: "):
        parse(**{name: value})


def test_a_bad_word_of_several_tokens_needs_an_engine_that_bans_it() -> None:
    words = [[7, 8, 9], [1, 3, -1]]
    assert parse(bad_words_list=words).sampling.bad_words == ((7,), (8, 9))
    tensors = {name: np.array([[1]]) for name in ("input_ids", "input_lengths", "request_output_len")}
    tensors["bad_words_list"] = np.array([words])
    with pytest.raises(BadRequestError, match=r"^bad_words_list: \[8, 9\] has 2 tokens"):
        parse_generation(tensors, replace(LIMITS, bans_long_words=False))


def test_the_refusal_of_a_long_request_names_the_setting_of_its_engine() -> None:
    tensors = {name: np.array([[1]]) for name in ("input_ids", "input_lengths")}
    tensors["request_output_len"] = np.array([[16]])
    with pytest.raises(BadRequestError, match="raise max_seq_len"):
        parse_generation(tensors, replace(LIMITS, context_setting="max_seq_len"))


def test_a_batch_of_requests_is_refused() -> None:
    tensors = {
        name: np.ones((2, 1), np.int32) for name in ("input_ids", "input_lengths", "request_output_len")
    }
    with pytest.raises(BadRequestError, match="one request per prompt"):
        parse_generation(tensors, LIMITS)


def test_prompt_and_output_may_fill_the_context() -> None:
    assert parse(request_output_len=[13]).max_output_tokens == 13


def test_a_stop_request_is_told_by_its_tensor() -> None:
    assert is_stop({"stop": np.array([[True]])})
    assert not is_stop({"stop": np.array([[False]])})
    assert not is_stop({})
