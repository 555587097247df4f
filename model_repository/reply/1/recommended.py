"""Sampling where the operator has set none: what the loaded model needs. Whose model it is, its vocabulary says."""

from __future__ import annotations

from collections.abc import Callable

NO_PENALTY = 1.0
# Small models repeat themselves without one; Qwen3's authors recommend none (model card of Qwen3-14B).
SMALL_MODELS_PENALTY = 1.1
_QWEN3_TOKENS = {"<|im_end|>": 151_645, "<think>": 151_667}


def repetition_penalty(token_to_id: Callable[[str], int | None]) -> float:
    """For the model whose tokenizer gives tokens these ids."""
    is_qwen3 = all(token_to_id(text) == token_id for text, token_id in _QWEN3_TOKENS.items())
    return NO_PENALTY if is_qwen3 else SMALL_MODELS_PENALTY
