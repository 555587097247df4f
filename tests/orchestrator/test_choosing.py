"""Which parameters are in effect, and that nothing that was asked is dropped."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.capabilities import Capabilities
from orchestrator.choosing import chosen
from orchestrator.errors import BadSetting, UnsupportedParameter
from orchestrator.parameters import GenerationParameters
from orchestrator.presets import Preset
from orchestrator.recommended import OTHERS, QWEN3, Recommended

ABLE = Capabilities("llama.cpp")


def effective(
    preset: Preset | None = None, recommended: Recommended = OTHERS, **asked: Any
) -> GenerationParameters:
    return chosen(GenerationParameters(**asked), preset, ABLE, recommended, 2048)


def test_a_parameter_goes_before_the_preset_and_that_before_what_is_recommended() -> None:
    found = effective("creative", temperature=0.1)
    assert (found.temperature, found.top_k, found.repetition_penalty) == (0.1, 50, 1.1)


def test_thinking_has_what_is_recommended_for_it() -> None:
    found = effective(recommended=QWEN3, enable_thinking=True)
    assert (found.temperature, found.top_p, found.max_thinking_tokens) == (0.6, 0.95, 512)


def test_a_preset_that_is_greedy_is_not_for_thoughts() -> None:
    assert effective("speed_optimized").do_sample is False
    assert effective("speed_optimized", enable_thinking=True).do_sample is True


def test_a_seed_is_drawn_where_none_is_named() -> None:
    assert effective().seed != effective().seed


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("temperature", {"do_sample": False, "temperature": 0.5}),
        ("do_sample", {"do_sample": True, "temperature": 0}),
        ("min_p", {"temperature": 0, "min_p": 0.1}),
        ("enable_thinking", {"enable_thinking": True, "top_k": 1}),
        ("top_p_decay", {"top_p_decay": 0.5, "top_k": 5}),
        ("top_p_min", {"top_p_min": 0.5}),
        ("top_logprobs", {"top_logprobs": 1}),
        ("max_thinking_tokens", {"max_thinking_tokens": 5}),
        ("response_format", {"enable_thinking": True, "response_format": {"type": "json_object"}}),
        ("min_new_tokens", {"min_new_tokens": 600}),
    ],
)
def test_what_would_have_no_effect_is_refused_by_name(field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match=f"^{field}: ") as refusal:
        effective(**asked)
    assert refusal.value.field == field


def test_what_the_engine_cannot_do_is_refused_with_its_reason() -> None:
    able = Capabilities("tensorrt_llm", {"min_p": "no such input"})
    with pytest.raises(UnsupportedParameter, match=r"^min_p: no such input") as refusal:
        chosen(GenerationParameters(min_p=0.1), None, able, OTHERS, 2048)
    assert refusal.value.field == "min_p"
    assert chosen(GenerationParameters(min_p=0), None, able, OTHERS, 2048).min_p == 0


def test_the_models_defaults_are_weaker_than_what_is_asked_and_than_a_preset() -> None:
    defaults = {"temperature": 0.3, "max_new_tokens": 7, "max_thinking_tokens": 9}
    asked = GenerationParameters(max_new_tokens=5)
    values = chosen(asked, None, ABLE, OTHERS, 2048, defaults)
    assert (values.temperature, values.max_new_tokens, values.max_thinking_tokens) == (0.3, 5, None)
    assert chosen(asked, "creative", ABLE, OTHERS, 2048, defaults).temperature != 0.3
    greedy = chosen(GenerationParameters(top_p=0.5), None, ABLE, OTHERS, 2048, {"temperature": 0})
    assert (greedy.top_p, greedy.do_sample) == (0.5, True)
