"""One inference request: from NVIDIA's tensors to a validated value.

Names, types and defaults are those of the C++ `tensorrtllm` backend at v1.2.1. What the loaded engine cannot do is
refused by the name of its tensor, so that nobody takes this engine's answer for the other's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BadRequestError
from .sampling import Sampling
from .words import Word, parse_words

Tensors = Mapping[str, NDArray[Any]]

MAX_TOP_K = 1024
"""The C++ sampling kernels clip a larger top-k to this."""

_ACCEPTED = frozenset(
    [
        *(
            "input_ids",
            "input_lengths",
            "request_output_len",
            "end_id",
            "pad_id",
            "stop_words_list",
            "bad_words_list",
        ),
        *(
            "embedding_bias",
            "temperature",
            "runtime_top_k",
            "runtime_top_p",
            "repetition_penalty",
            "min_tokens",
        ),
        *("presence_penalty", "frequency_penalty", "seed", "streaming", "stop", "exclude_input_in_output"),
        *("return_log_probs", "return_num_input_tokens", "return_num_output_tokens"),
    ]
)
TWIN_INPUTS = {"min_p": "TYPE_FP32", "typical_p": "TYPE_FP32", "no_repeat_ngram_size": "TYPE_INT32"}
"""Inputs that the C++ backend does not have; `model.py` declares them where llama.cpp is the engine."""

# What the CPU engine does beyond the other: the rest of NVIDIA's tensors, and inputs of its own.
_ONLY_CPU = frozenset(
    [
        *("runtime_top_p_decay", "return_generation_logits"),
        *("guided_decoding_guide_type", "guided_decoding_guide"),
        *TWIN_INPUTS,
    ]
)
GUIDE_TYPES = ("json", "json_schema")
# Read only by a beam search or by top-p decay, so without effect where there is none, as in the C++ engine.
_WITHOUT_EFFECT = frozenset(
    [
        "len_penalty",
        "early_stopping",
        "beam_search_diversity_rate",
        "runtime_top_p_min",
        "runtime_top_p_reset_ids",
    ]
)
# Accepted at the one value that asks for nothing.
_NEUTRAL: Mapping[str, float] = {
    "beam_width": 1,
    "num_return_sequences": 1,
    "runtime_top_p_decay": 1,
    "return_context_logits": 0,
    "return_generation_logits": 0,
    "return_perf_metrics": 0,
}


@dataclass(frozen=True)
class Limits:
    """What the loaded model can take, and how its engine is called where it cannot."""

    context_tokens: int
    vocabulary_size: int
    exclude_input_in_output: bool
    engine: str = "the CPU engine (llama.cpp)"
    context_setting: str = "BEAUTYAI_LLM_CONTEXT_TOKENS"
    """Where `context_tokens` can be raised."""
    bans_long_words: bool = True
    """Whether a bad word may have several tokens."""
    is_cpu: bool = True
    """Whether it decays top-p, guides and gives logits, and takes min_p, typical_p and no_repeat_ngram_size."""


@dataclass(frozen=True)
class GuideText:
    """What the output must look like: any JSON (`json`), or JSON of a schema (`json_schema`)."""

    type: str
    text: str


@dataclass(frozen=True)
class Generation:
    """Everything that one generation needs."""

    prompt: tuple[int, ...]
    max_output_tokens: int
    sampling: Sampling
    stop_words: tuple[Word, ...]
    streaming: bool
    exclude_input_in_output: bool
    return_log_probs: bool
    return_num_input_tokens: bool
    return_num_output_tokens: bool
    return_generation_logits: bool = False
    guide: GuideText | None = None


def is_stop(tensors: Tensors) -> bool:
    """Whether the request only ends the live generation of the same request id."""
    return bool(_scalar(tensors, "stop", False))


def parse_generation(tensors: Tensors, limits: Limits) -> Generation:
    """Validate the tensors of one request; each still has its batch dimension of 1.

    Raises:
        BadRequestError: the message begins with the tensor's name.
    """
    _refuse_unsupported(tensors, limits)
    prompt = _prompt(tensors, limits)
    max_output_tokens = int(_scalar(tensors, "request_output_len", 0))
    if max_output_tokens < 1:
        raise BadRequestError(
            f"request_output_len: {max_output_tokens} is too small, ask for at least 1 token"
        )
    if len(prompt) + max_output_tokens > limits.context_tokens:
        raise BadRequestError(
            f"request_output_len: {len(prompt)} prompt tokens and {max_output_tokens} output tokens exceed the context "
            f"of {limits.context_tokens}; shorten one or raise {limits.context_setting}"
        )
    return Generation(
        prompt=prompt,
        max_output_tokens=max_output_tokens,
        sampling=_sampling(tensors, limits),
        stop_words=_words(tensors, "stop_words_list", limits.vocabulary_size),
        streaming=bool(_scalar(tensors, "streaming", False)),
        exclude_input_in_output=bool(
            _scalar(tensors, "exclude_input_in_output", limits.exclude_input_in_output)
        ),
        return_log_probs=bool(_scalar(tensors, "return_log_probs", False)),
        return_num_input_tokens=bool(_scalar(tensors, "return_num_input_tokens", False)),
        return_num_output_tokens=bool(_scalar(tensors, "return_num_output_tokens", False)),
        return_generation_logits=bool(_scalar(tensors, "return_generation_logits", False)),
        guide=_guide(tensors),
    )


def _refuse_unsupported(tensors: Tensors, limits: Limits) -> None:
    taken = _ACCEPTED | _WITHOUT_EFFECT | (_ONLY_CPU if limits.is_cpu else frozenset())
    for name, tensor in tensors.items():
        if tensor.shape[:1] != (1,):
            raise BadRequestError(
                f"{name}: shape {list(tensor.shape)} has no batch of 1; send one request per prompt"
            )
        if name in _NEUTRAL and tensor.reshape(-1)[0] == _NEUTRAL[name]:
            continue
        if name not in taken:
            raise BadRequestError(f"{name}: {limits.engine} cannot do this; the C++ TensorRT-LLM engine can")


def _prompt(tensors: Tensors, limits: Limits) -> tuple[int, ...]:
    if "input_ids" not in tensors:
        raise BadRequestError("input_ids: missing; a decoder-only model needs the token ids of the prompt")
    ids = tensors["input_ids"].reshape(-1)
    length = int(_scalar(tensors, "input_lengths", len(ids)))
    if not 1 <= length <= len(ids):
        raise BadRequestError(
            f"input_lengths: {length} is not between 1 and the {len(ids)} values of input_ids"
        )
    prompt = tuple(int(token) for token in ids[:length])
    _check_tokens("input_ids", prompt, limits.vocabulary_size)
    return prompt


def _sampling(tensors: Tensors, limits: Limits) -> Sampling:
    vocabulary_size = limits.vocabulary_size
    end_id = int(_scalar(tensors, "end_id", -1))
    if not -1 <= end_id < vocabulary_size:
        raise BadRequestError(
            f"end_id: {end_id} is neither -1 nor a token of this model ({vocabulary_size} tokens)"
        )
    return Sampling(
        temperature=_at_least("temperature", _finite(tensors, "temperature", 1.0), 0),
        top_k=min(int(_at_least("runtime_top_k", float(_scalar(tensors, "runtime_top_k", 0)), 0)), MAX_TOP_K),
        top_p=min(max(_finite(tensors, "runtime_top_p", 0.0), 0.0), 1.0),
        repetition_penalty=_above_zero("repetition_penalty", _finite(tensors, "repetition_penalty", 1.0)),
        presence_penalty=_finite(tensors, "presence_penalty", 0.0),
        frequency_penalty=_finite(tensors, "frequency_penalty", 0.0),
        seed=int(_scalar(tensors, "seed", 0)),
        min_tokens=int(_at_least("min_tokens", float(_scalar(tensors, "min_tokens", 0)), 0)),
        end_id=end_id,
        bad_words=_bad_words(tensors, limits),
        embedding_bias=_embedding_bias(tensors, vocabulary_size),
        top_p_decay=_share("runtime_top_p_decay", _finite(tensors, "runtime_top_p_decay", 1.0)),
        top_p_min=_share("runtime_top_p_min", _finite(tensors, "runtime_top_p_min", 1e-6)),
        top_p_reset_id=int(_scalar(tensors, "runtime_top_p_reset_ids", -1)),
        min_p=_at_least("min_p", _finite(tensors, "min_p", 0.0), 0),
        typical_p=_share("typical_p", _finite(tensors, "typical_p", 1.0)),
        no_repeat_ngram_size=int(
            _at_least("no_repeat_ngram_size", float(_scalar(tensors, "no_repeat_ngram_size", 0)), 0)
        ),
    )


def _guide(tensors: Tensors) -> GuideText | None:
    if "guided_decoding_guide_type" not in tensors:
        return None
    kind = bytes(_scalar(tensors, "guided_decoding_guide_type", b"")).decode(errors="replace")
    if kind not in GUIDE_TYPES:
        raise BadRequestError(f"guided_decoding_guide_type: '{kind}' is not one of {', '.join(GUIDE_TYPES)}")
    if kind == "json_schema" and "guided_decoding_guide" not in tensors:
        raise BadRequestError("guided_decoding_guide: missing; 'json_schema' needs a schema")
    return GuideText(kind, bytes(_scalar(tensors, "guided_decoding_guide", b"")).decode(errors="replace"))


def _words(tensors: Tensors, name: str, vocabulary_size: int) -> tuple[Word, ...]:
    if name not in tensors:
        return ()
    words = parse_words(name, tensors[name])
    for word in words:
        _check_tokens(name, word, vocabulary_size)
    return words


def _bad_words(tensors: Tensors, limits: Limits) -> tuple[Word, ...]:
    words = _words(tensors, "bad_words_list", limits.vocabulary_size)
    if not limits.bans_long_words and (long := [word for word in words if len(word) > 1]):
        raise BadRequestError(
            f"bad_words_list: {list(long[0])} has {len(long[0])} tokens, and {limits.engine} bans single tokens only; "
            "the C++ TensorRT-LLM engine bans longer words"
        )
    return words


def _embedding_bias(tensors: Tensors, vocabulary_size: int) -> NDArray[np.float32] | None:
    bias = tensors.get("embedding_bias")
    if bias is None:
        return None
    if bias.size != vocabulary_size:
        raise BadRequestError(f"embedding_bias: {bias.size} values for a vocabulary of {vocabulary_size}")
    return bias.reshape(-1).astype(np.float32)


def _check_tokens(name: str, tokens: Iterable[int], vocabulary_size: int) -> None:
    for token in tokens:
        if not 0 <= token < vocabulary_size:
            raise BadRequestError(f"{name}: {token} is not a token of this model ({vocabulary_size} tokens)")


def _scalar(tensors: Tensors, name: str, default: Any) -> Any:
    tensor = tensors.get(name)
    if tensor is None:
        return default
    if tensor.size != 1:
        raise BadRequestError(f"{name}: {tensor.size} values, give one")
    return tensor.reshape(-1)[0]


def _finite(tensors: Tensors, name: str, default: float) -> float:
    value = float(_scalar(tensors, name, default))
    if not math.isfinite(value):
        raise BadRequestError(f"{name}: {value} is not a finite number")
    return value


def _at_least(name: str, value: float, lowest: float) -> float:
    if value < lowest:
        raise BadRequestError(f"{name}: {value:g} is too small, give at least {lowest:g}")
    return value


def _above_zero(name: str, value: float) -> float:
    if value <= 0:
        raise BadRequestError(f"{name}: {value:g} is too small, give more than 0")
    return value


def _share(name: str, value: float) -> float:
    if not 0 < value <= 1:
        raise BadRequestError(f"{name}: {value:g} is not above 0 and at most 1")
    return value
