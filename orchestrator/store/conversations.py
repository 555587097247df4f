"""The conversations of a process, by session id: each has one object while anybody holds it."""

from __future__ import annotations

import secrets

from orchestrator.errors import NotFound
from orchestrator.history import Conversation


class Conversations:
    """What voice and chat open by `session_id`."""

    def __init__(self) -> None:
        self._open: dict[str, Conversation] = {}

    async def open(self, session_id: str | None, user: str) -> tuple[Conversation, bool]:
        """The conversation of that id, and whether it was there before; a new id where none is given.

        Raises:
            NotFound: it is somebody else's.
        """
        conversation = self._open.get(session_id) if session_id else None
        if conversation is None:
            conversation = Conversation(session_id or secrets.token_urlsafe(12), user)
            self._open[conversation.id] = conversation
            return conversation, False
        if conversation.user != user:
            raise NotFound(f"there is no session {session_id}", field="session_id")
        return conversation, True
