"""Chat messages to a prompt, through the model's own chat template.

Templates come with the weights and are code: they run in Jinja's sandbox. What Hugging Face templates may expect
(`raise_exception`, `strftime_now`, `tojson` without HTML escapes, loop controls) is there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .errors import ConfigurationError, InvalidInputError
from .tokens import Tokens

ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


def parse_messages(text: str) -> list[Message]:
    """Messages from JSON: `[{"role": "user", "content": "…"}, …]`.

    Raises:
        InvalidInputError: not JSON, not a list, empty, an unknown role, or a content that is not text.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"MESSAGES: not JSON: {error}") from None
    if not isinstance(value, list) or not value:
        raise InvalidInputError('MESSAGES: give a list of at least one {"role": …, "content": …}')
    return [_message(index, item) for index, item in enumerate(value)]


def _message(index: int, item: Any) -> Message:
    if not isinstance(item, dict):
        raise InvalidInputError(f'MESSAGES: number {index} is not an object {{"role": …, "content": …}}')
    role, content = item.get("role"), item.get("content")
    if role not in ROLES:
        raise InvalidInputError(
            f"MESSAGES: number {index} has the role {role!r}; known are {', '.join(ROLES)}"
        )
    if not isinstance(content, str):
        raise InvalidInputError(f"MESSAGES: number {index} has a content that is not text")
    return Message(role, content)


class ChatPrompt:
    """The chat template of one tokenizer folder."""

    def __init__(self, tokens: Tokens) -> None:
        source = tokens.config.get("chat_template")
        if not isinstance(source, str) or not source:
            raise ConfigurationError("BEAUTYAI_TOKENIZER_DIR: tokenizer_config.json has no chat_template")
        self._tokens = tokens
        self._template = _environment().from_string(source)
        self._can_think = "enable_thinking" in source
        self._specials = {
            name: _text(tokens.config.get(name)) for name in ("bos_token", "eos_token", "pad_token")
        }

    def encode(self, messages: Sequence[Message], enable_thinking: bool) -> list[int]:
        """Token ids of the conversation and of the header that an answer begins with.

        Where the template can think, the thoughts of earlier answers are left out, as Qwen3's own template does it.

        Raises:
            InvalidInputError: the template refuses these messages, e.g. their order.
        """
        marked = [
            {"role": message.role, "content": self._tokens.mark(self._said(message))} for message in messages
        ]
        try:
            text = self._template.render(
                messages=marked, add_generation_prompt=True, enable_thinking=enable_thinking, **self._specials
            )
        except jinja2.TemplateError as error:
            raise InvalidInputError(f"MESSAGES: the model's chat template refuses them: {error}") from None
        return self._tokens.encode_marked(text)

    def _said(self, message: Message) -> str:
        _, closed, said = message.content.rpartition("</think>")
        has_thoughts = self._can_think and message.role == "assistant" and closed
        return said.lstrip("\n") if has_thoughts else message.content


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    return environment


def _raise_exception(message: str) -> None:
    raise jinja2.TemplateError(message)


def _text(token: Any) -> str:
    return str(token["content"] if isinstance(token, dict) else token or "")
