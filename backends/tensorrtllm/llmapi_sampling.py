"""One generation as the arguments of TensorRT-LLM's `SamplingParams`. Pure.

Names and meanings: tensorrt_llm/sampling_params.py and docs/source/features/sampling.md of TensorRT-LLM 1.3.0rc26.
Where the LLM API chooses otherwise than the C++ backend for the same numbers, the arguments say what the latter does.
"""

from __future__ import annotations

from typing import Any

from .request import Generation
from .sampling import Sampling

_MAX_SEED = 2**63 - 1
"""The sampler keeps seeds as signed 64-bit numbers (sampler/seed_manager.py), the tensor is UINT64."""


def sampling_arguments(generation: Generation) -> dict[str, Any]:
    """Keyword arguments of `SamplingParams`.

    Stop words of several tokens have none: `stop_token_ids` takes single tokens, so these are matched on the stream.
    """
    sampling = generation.sampling
    arguments = {
        "max_tokens": generation.max_output_tokens,
        "seed": sampling.seed & _MAX_SEED,
        "stop_token_ids": [word[0] for word in generation.stop_words if len(word) == 1] or None,
        "include_stop_str_in_output": True,
        "bad_token_ids": [word[0] for word in sampling.bad_words] or None,
        "embedding_bias": sampling.embedding_bias,
        # 0: of the token that was chosen, and of no other.
        "logprobs": 0 if generation.return_log_probs else None,
        "detokenize": False,
        **_end(sampling),
        **_choice(sampling),
        **_penalties(sampling),
    }
    return {name: value for name, value in arguments.items() if value is not None}


def _end(sampling: Sampling) -> dict[str, Any]:
    # Without an end_id of its own the LLM API asks a tokenizer, and none is loaded. min_tokens only holds end_id back.
    if sampling.end_id < 0:
        return {"end_id": 0, "pad_id": 0, "ignore_eos": True}
    return {
        "end_id": sampling.end_id,
        "pad_id": sampling.end_id,
        "min_tokens": sampling.min_tokens or None,
    }


def _choice(sampling: Sampling) -> dict[str, Any]:
    # A temperature alone makes the LLM API sample; the C++ backend is greedy without a top_k or a top_p.
    if sampling.greedy:
        return {"top_k": 1}
    return {
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p or 1.0,
    }


def _penalties(sampling: Sampling) -> dict[str, Any]:
    # Left out where they do nothing: a request with any of them costs the sampler a count of its tokens.
    return {
        "repetition_penalty": sampling.repetition_penalty if sampling.repetition_penalty != 1 else None,
        "presence_penalty": sampling.presence_penalty or None,
        "frequency_penalty": sampling.frequency_penalty or None,
    }
