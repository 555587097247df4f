"""How tokens are chosen where nobody has said: what a model's authors recommend. Data, and whose model it is. Pure.

Qwen3: model card of Qwen3-14B, "Best Practices". It also recommends min_p 0, which is what an engine without such an
input does; TensorRT-LLM 1.2.1's C++ backend has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """Sampling of one kind of reply; None leaves the engine's default."""

    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float | None = None


@dataclass(frozen=True)
class Recommended:
    """For replies without thoughts before them, and with."""

    plain: Choice
    thinking: Choice


QWEN3 = Recommended(Choice(0.7, 0.8, 20), Choice(0.6, 0.95, 20))
# Small models repeat themselves without a penalty.
OTHERS = Recommended(Choice(0.7, 0.8, 20, 1.1), Choice(0.7, 0.8, 20, 1.1))
# The folder says nowhere what the model is called; no other family has these two at these ids.
_QWEN3_TOKENS = {"<|im_end|>": 151_645, "<think>": 151_667}


def recommended(tokens: Mapping[str, int]) -> Recommended:
    """For the model whose vocabulary has these control tokens (text -> id)."""
    is_qwen3 = all(tokens.get(text) == token_id for text, token_id in _QWEN3_TOKENS.items())
    return QWEN3 if is_qwen3 else OTHERS
