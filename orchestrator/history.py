"""Conversations: what was said and what was heard, kept in memory while the process lives.

The number of conversations and of messages in each is bounded; the least recently used conversation goes first.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal, TypedDict

MAX_MESSAGES = 200
CUT_MARK = "…"


Role = Literal["system", "user", "assistant"]


class Message(TypedDict):
    role: Role
    content: str


@dataclass
class Conversation:
    """One conversation, oldest message first. Neighbouring messages of one role are joined.

    `forgotten`: how many of the oldest messages the model is no longer told of.
    """

    id: str
    messages: list[Message] = field(default_factory=list)
    forgotten: int = 0

    def said(self, text: str) -> None:
        """The user's words; kept before the reply is begun, so that a fault loses nothing. No words are not kept."""
        if text:
            self._add("user", text)

    def heard(self, text: str, *, cut: bool) -> None:
        """What the user heard of the reply; `cut` marks that it was interrupted. Nothing heard is not kept."""
        if text:
            self._add("assistant", f"{text}{CUT_MARK}" if cut else text)

    def prompt(self, system_prompt: str, said: str = "") -> list[Message]:
        """What the model is asked: the conversation, as it would be if the user had also `said` this."""
        system: list[Message] = [{"role": "system", "content": system_prompt}] if system_prompt else []
        remembered = self.messages[self.forgotten :]
        return system + (_with(remembered, "user", said) if said else remembered)

    def forget(self, messages: int) -> None:
        """Leave so many more of the oldest messages out of prompts, from now on."""
        self.forgotten += messages

    def _add(self, role: Role, text: str) -> None:
        messages = _with(self.messages, role, text)
        self.messages = _latest_turns(messages)
        self.forgotten = max(0, self.forgotten - len(messages) + len(self.messages))


def _with(messages: list[Message], role: Role, text: str) -> list[Message]:
    if messages and messages[-1]["role"] == role:
        return [*messages[:-1], {"role": role, "content": f"{messages[-1]['content']} {text}"}]
    return [*messages, {"role": role, "content": text}]


def _latest_turns(messages: list[Message]) -> list[Message]:
    """At most MAX_MESSAGES, of whole turns; half of them go at once, so that prompts seldom begin anew."""
    if len(messages) <= MAX_MESSAGES:
        return messages
    kept = messages[-MAX_MESSAGES // 2 :]
    return kept if kept[0]["role"] == "user" else kept[1:]


class Conversations:
    """All conversations of a process, by session id."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._by_id: OrderedDict[str, Conversation] = OrderedDict()

    def open(self, session_id: str | None) -> tuple[Conversation, bool]:
        """The conversation of that id, and whether it was there before; a new id where none is given."""
        known = session_id is not None and session_id in self._by_id
        conversation = self._by_id.pop(session_id) if known and session_id else None
        conversation = conversation or Conversation(session_id or secrets.token_urlsafe(12))
        self._by_id[conversation.id] = conversation
        while len(self._by_id) > self._limit:
            self._by_id.popitem(last=False)
        return conversation, known
