"""What the language model is asked: the messages of a conversation made into one generation."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from orchestrator.config import GenerationSettings, SessionSettings
from orchestrator.errors import BadSetting
from orchestrator.fitting import fit, recent
from orchestrator.history import Message
from orchestrator.inference import Generation, Sampling
from orchestrator.prompt import ChatTemplate
from orchestrator.recommended import Recommended
from orchestrator.thoughts import asked_to_think, with_soft_switches


def generation(
    template: ChatTemplate, messages: list[Message], settings: SessionSettings, context_tokens: int
) -> Generation:
    """The request for a reply to `messages`; the oldest turns are left out where `context_tokens` are too few.

    They are as well where `generation.history_tokens` are, which never refuses a turn.

    A soft switch acts through the template's hard one: `/no_think` gives the prompt the empty thought that the model
    would have to write itself, and goes on acting when the turn that it was said in is left out.

    Raises:
        VoiceError: even the last message does not fit.
    """
    wanted = settings.generation
    if wanted.enable_thinking and template.can_think:
        messages = with_soft_switches(messages)
    thinking = wanted.enable_thinking and template.can_think and asked_to_think(messages)
    sampling = _sampling(wanted, template.recommended, thinking)
    room = _room(context_tokens, sampling.max_tokens)
    render = partial(template.render, enable_thinking=thinking)
    fitting = fit(remembered(template, messages, settings), lambda some: len(render(some)), room)
    return Generation(
        request_id=uuid.uuid4().hex,
        prompt_ids=render(fitting),
        end_id=template.end_id,
        pad_id=template.pad_id,
        stop_ids=template.stop_ids,
        sampling=sampling,
        max_reply_tokens=wanted.max_tokens if thinking else None,
    )


def remembered(template: ChatTemplate, messages: list[Message], settings: SessionSettings) -> list[Message]:
    """`messages` without the turns that are too old for `generation.history_tokens`."""
    wanted = settings.generation
    if wanted.history_tokens is None:
        return messages
    render = partial(template.render, enable_thinking=wanted.enable_thinking)
    return recent(messages, lambda some: len(render(some)), wanted.history_tokens)


def _room(context_tokens: int, reserved_tokens: int) -> int:
    if reserved_tokens >= context_tokens:
        raise BadSetting(
            f"generation.max_tokens and .max_thinking_tokens reserve {reserved_tokens} tokens for the reply, and the "
            f"context of the model has {context_tokens} for prompt and reply; ask for less"
        )
    return context_tokens - reserved_tokens


def _sampling(wanted: GenerationSettings, recommended: Recommended, thinking: bool) -> Sampling:
    """What is wanted, and what is recommended where nothing is."""
    chosen: dict[str, Any] = wanted.model_dump(
        exclude={"enable_thinking", "max_thinking_tokens", "history_tokens"}
    )
    if thinking:
        chosen["max_tokens"] += wanted.max_thinking_tokens
    if thinking and (wanted.temperature == 0 or wanted.top_k == 1):
        # Thoughts that are chosen greedily repeat themselves without end (Qwen3's model card).
        chosen["temperature"] = chosen["top_k"] = None
    defaults = vars(recommended.thinking if thinking else recommended.plain)
    missing = {name: value for name, value in defaults.items() if chosen[name] is None}
    return Sampling(**{**chosen, **missing})
