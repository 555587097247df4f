"""Named sets of generation parameters; what a request says itself goes before them. Data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from orchestrator.recommended import QWEN3

Preset = Literal["conservative", "balanced", "creative", "speed_optimized", "qwen_optimized"]
PRESETS: tuple[Preset, ...] = get_args(Preset)

_VALUES: Mapping[str, Mapping[str, Any]] = {
    "conservative": {"temperature": 0.3, "top_p": 0.7, "top_k": 20, "repetition_penalty": 1.1},
    "balanced": {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05},
    "creative": {"temperature": 1.0, "top_p": 0.95, "top_k": 50, "presence_penalty": 0.3},
    "speed_optimized": {"temperature": 0.0, "max_new_tokens": 128},
}


def preset_values(preset: Preset, *, thinking: bool = False) -> dict[str, Any]:
    """The parameters of `preset`; those of `qwen_optimized` are Qwen3's model card's, which depend on `thinking`.

    Thoughts are never chosen greedily: with them, `speed_optimized` has a greedy choice no more.
    """
    if preset == "qwen_optimized":
        card = QWEN3.thinking if thinking else QWEN3.plain
        return {name: value for name, value in vars(card).items() if value is not None}
    values = dict(_VALUES[preset])
    if thinking and values["temperature"] == 0:
        del values["temperature"]
    return values


def described_presets() -> str:
    """All presets in one line of Markdown each."""
    lines = [
        f"`{preset}`: " + ", ".join(f"{name} {value:g}" for name, value in preset_values(preset).items())
        for preset in PRESETS
    ]
    return "; ".join(lines)
