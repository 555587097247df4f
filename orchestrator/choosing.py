"""Which parameters a generation really has: what was asked, over the preset, over what is recommended. Pure.

Nothing that was asked is dropped: what the loaded engine cannot do, and what would have no effect beside the rest, is
refused by its name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.capabilities import Capabilities
from orchestrator.errors import BadSetting, UnsupportedParameter
from orchestrator.parameters import GenerationParameters
from orchestrator.presets import Preset, preset_values
from orchestrator.recommended import Recommended

DEFAULT_NEW_TOKENS = 512
DEFAULT_THINKING_TOKENS = 1024
_SPREADING = ("top_p", "top_k", "min_p", "typical_p", "top_p_decay", "top_p_min")


def chosen(
    asked: GenerationParameters,
    preset: Preset | None,
    able: Capabilities,
    recommended: Recommended,
    context_tokens: int,
    defaults: Mapping[str, Any] | None = None,
) -> GenerationParameters:
    """The parameters in effect; every one that acts has a value.

    `defaults` are the model's, as an administrator has set them: weaker than a preset,
    stronger than what is recommended.

    Raises:
        UnsupportedParameter: the loaded engine or model cannot do what was asked; `field` names it.
        BadSetting: a parameter has no effect beside another, or contradicts it.
    """
    named = asked.named()
    for name, value in named.items():
        _require_supported(able, name, value)
    for name, reason in _contradictions(named):
        raise BadSetting(f"{name}: {reason}", field=name)
    given = _beside(dict(defaults or {}), named)
    for name, value in GenerationParameters(**given).named().items():
        _require_supported(able, name, value)
    thinking = bool(named.get("enable_thinking", given.get("enable_thinking")))
    values = _defaults(recommended, thinking, context_tokens)
    values |= {name: value for name, value in given.items() if thinking or name != "max_thinking_tokens"}
    values |= preset_values(preset, thinking=thinking) if preset is not None else {}
    values |= named
    if values.get("min_new_tokens", 0) > values["max_new_tokens"]:
        raise BadSetting("min_new_tokens: is more than max_new_tokens", field="min_new_tokens")
    return GenerationParameters(**(values | _greedy(values)))


def _beside(defaults: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """The defaults that go with what was asked: who asks for a spread choice does not get a greedy one."""
    if not any(name in named for name in _SPREADING):
        return defaults
    greedy = {"do_sample": False, "temperature": 0}
    return {name: value for name, value in defaults.items() if name not in greedy or value != greedy[name]}


def _require_supported(able: Capabilities, name: str, value: Any) -> None:
    if name == "response_format" and value.type == "text":
        return
    if reason := able.refusal(name, value):
        raise UnsupportedParameter(
            f"{name}: {reason}; leave it out, or see what this model can do under /models", field=name
        )


def _contradictions(named: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of a parameter and why it cannot be beside the others."""
    yield from _contradictions_of_choice(named)
    thinks = named.get("enable_thinking")
    if named.get("top_logprobs") and not named.get("logprobs"):
        yield "top_logprobs", "needs logprobs true"
    if "max_thinking_tokens" in named and not thinks:
        yield "max_thinking_tokens", "needs enable_thinking true"
    if thinks and "response_format" in named and named["response_format"].type != "text":
        yield "response_format", "a thought has no such form; leave enable_thinking out"


def _contradictions_of_choice(named: dict[str, Any]) -> Iterator[tuple[str, str]]:
    greedy = named.get("do_sample") is False or named.get("temperature") == 0
    if named.get("do_sample") is False and named.get("temperature", 0) > 0:
        yield "temperature", "has no effect where do_sample is false"
    if named.get("do_sample") and named.get("temperature") == 0:
        yield "do_sample", "is contradicted by temperature 0, which is greedy"
    if greedy:
        yield from ((name, "has no effect on a greedy choice") for name in _SPREADING if name in named)
    if named.get("enable_thinking") and (greedy or named.get("top_k") == 1):
        yield "enable_thinking", "thoughts that are chosen greedily repeat themselves without end; sample"
    if named.get("top_p_decay", 1) < 1 and named.get("top_k") != 0:
        yield "top_p_decay", "acts only where top_k is 0; ask for that as well"
    if "top_p_min" in named and named.get("top_p_decay", 1) == 1:
        yield "top_p_min", "needs a top_p_decay below 1"


def _defaults(recommended: Recommended, thinking: bool, context_tokens: int) -> dict[str, Any]:
    values: dict[str, Any] = dict(vars(recommended.thinking if thinking else recommended.plain))
    values |= {"max_new_tokens": min(DEFAULT_NEW_TOKENS, context_tokens // 4), "seed": secrets.randbits(32)}
    if thinking:
        values["max_thinking_tokens"] = min(DEFAULT_THINKING_TOKENS, context_tokens // 4)
    return values | {"n": 1, "truncation": "auto", "enable_thinking": thinking}


def _greedy(values: dict[str, Any]) -> dict[str, Any]:
    """What a greedy choice makes of the parameters that spread it."""
    greedy = values.get("do_sample") is False or values.get("temperature") == 0
    if not greedy:
        return {"do_sample": values.get("top_k") != 1}
    return dict.fromkeys(_SPREADING) | {"do_sample": False, "temperature": None, "top_k": 1}
