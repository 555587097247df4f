"""Conversations: what was said and what was heard, as the model is asked about it; `journal` says where it is kept.

In memory a conversation holds its latest turns, for prompts. Everything that is added goes to the journal in the same
moment, and what comes back says when it is stored.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, Protocol, TypedDict

from orchestrator.receipt import Receipt, received

MAX_MESSAGES = 200
CUT_MARK = "…"


Role = Literal["system", "user", "assistant"]


class Message(TypedDict):
    role: Role
    content: str


@dataclass(frozen=True)
class Entry:
    """One thing that was said or heard, as it is kept; `uid` tells it from every other.

    `at` is in UTC; `turn` counts from 1 in the conversation; `cut`: the reply was interrupted after `content`.
    """

    conversation_id: str
    user: str
    role: Literal["user", "assistant"]
    content: str
    turn: int
    cut: bool = False
    language: str | None = None
    thinking: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def message(self) -> Message:
        """As the model reads it."""
        return {"role": self.role, "content": self.content + (CUT_MARK if self.cut else "")}


class Journal(Protocol):
    """Where conversations are kept."""

    def keep(self, conversation: Conversation, entry: Entry, /) -> Receipt:
        """Store this after everything that was given before; never waits. Holds the conversation until it is."""
        ...


class Memory:
    """A journal that keeps nothing: the conversation lives as long as its object."""

    def keep(self, _: Conversation, __: Entry, /) -> Receipt:
        return received()


@dataclass(eq=False)
class Conversation:
    """One conversation of one user, oldest message first. Neighbouring messages of one role are joined.

    `said` and `heard` take effect at once and return a receipt: `await` it to know that the words are stored
    (raises NotStored where they are not yet). `latest` is the receipt of everything so far. `left_out`: how many of
    the oldest messages the model is no longer told of.
    """

    id: str
    user: str = "local"
    messages: list[Message] = field(default_factory=list)
    journal: Journal = field(default_factory=Memory)
    turn: int = 0
    latest: Receipt = field(default_factory=received)
    left_out: int = 0

    def said(self, text: str, *, language: str | None = None) -> Receipt:
        """The user's words; kept before the reply is begun, so that a fault loses nothing. No words are not kept."""
        if not text:
            return self.latest
        if not self.messages or self.messages[-1]["role"] != "user":
            self.turn += 1
        return self._keep(Entry(self.id, self.user, "user", _storable(text), self.turn, language=language))

    def heard(self, text: str, *, cut: bool = False, thinking: str | None = None) -> Receipt:
        """What the user heard of the reply; `cut` marks that it was interrupted. Nothing heard is not kept."""
        if not text:
            return self.latest
        thought = _storable(thinking) if thinking else None
        return self._keep(
            Entry(self.id, self.user, "assistant", _storable(text), self.turn, cut, thinking=thought)
        )

    def prompt(self, system_prompt: str, said: str = "") -> list[Message]:
        """What the model is asked: the conversation, as it would be if the user had also `said` this."""
        system: list[Message] = [{"role": "system", "content": system_prompt}] if system_prompt else []
        told = self.messages[self.left_out :]
        return system + (
            _latest_turns(_with(told, {"role": "user", "content": _storable(said)})) if said else told
        )

    def leave_out(self, messages: int) -> None:
        """Tell the model of so many more of the oldest messages no longer."""
        self.left_out += messages

    def recall(self, entries: list[Entry]) -> None:
        """Take up again what was kept, oldest first."""
        for entry in entries:
            self._remember(entry)

    def forget(self) -> None:
        """Its words were deleted; what is said from now on begins it anew."""
        self.messages, self.turn, self.left_out = [], 0, 0

    def _keep(self, entry: Entry) -> Receipt:
        self._remember(entry)
        self.latest = self.journal.keep(self, entry)
        return self.latest

    def _remember(self, entry: Entry) -> None:
        messages = _with(self.messages, entry.message)
        self.messages = _latest_turns(messages)
        self.left_out = max(0, self.left_out - len(messages) + len(self.messages))
        self.turn = entry.turn


def _with(messages: list[Message], message: Message) -> list[Message]:
    if messages and messages[-1]["role"] == message["role"]:
        joined = f"{messages[-1]['content']} {message['content']}"
        return [*messages[:-1], {"role": message["role"], "content": joined}]
    return [*messages, message]


def _latest_turns(messages: list[Message]) -> list[Message]:
    """At most MAX_MESSAGES, of whole turns; half of them go at once, so that prompts seldom begin anew."""
    if len(messages) <= MAX_MESSAGES:
        return messages
    kept = messages[-MAX_MESSAGES // 2 :]
    return kept if kept[0]["role"] == "user" else kept[1:]


def _storable(text: str) -> str:
    """`text` without what no database takes: NUL, and halves of a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode()
