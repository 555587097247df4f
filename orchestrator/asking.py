"""What the language model is asked: the messages of a conversation made into one generation."""

from __future__ import annotations

import uuid

from orchestrator.config import SessionSettings
from orchestrator.history import Message
from orchestrator.inference import Generation
from orchestrator.prompt import ChatTemplate


def generation(
    template: ChatTemplate, messages: list[Message], settings: SessionSettings, context_tokens: int
) -> Generation:
    """The request for a reply to `messages`; the oldest are left out where `context_tokens` are too few.

    Raises:
        VoiceError: even the last message does not fit.
    """
    room = context_tokens - settings.generation.max_tokens
    thinking = settings.generation.enable_thinking
    fitting = template.fit(messages, room, enable_thinking=thinking)
    return Generation(
        request_id=uuid.uuid4().hex,
        prompt_ids=template.render(fitting, enable_thinking=thinking),
        end_id=template.end_id,
        pad_id=template.pad_id,
        stop_ids=template.stop_ids,
        sampling=settings.generation.sampling(),
    )
