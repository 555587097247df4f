"""A session as text generation uses it: what came before, what is said and what was answered."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.history import Conversation, Conversations, Message


@dataclass(frozen=True)
class RememberedSession:
    """One session; its words are kept when the calls return."""

    conversation: Conversation

    @property
    def id(self) -> str:
        return self.conversation.id

    def prompt(self, system_prompt: str, said: str) -> list[Message]:
        """What the model is asked where `said` comes next."""
        return self.conversation.prompt(system_prompt, said)

    async def said(self, text: str) -> None:
        self.conversation.said(text)

    async def answered(self, text: str, *, cut: bool, thinking: str = "") -> None:  # noqa: ARG002
        self.conversation.heard(text, cut=cut)


@dataclass(frozen=True)
class Remembered:
    """All sessions."""

    conversations: Conversations

    async def open(self, session_id: str, user: str) -> RememberedSession:  # noqa: ARG002
        """The session of that id, which begins where it was not there before."""
        conversation, _ = self.conversations.open(session_id)
        return RememberedSession(conversation)
