"""The conversations of a process, by session id: each has one object while anybody holds it, and is in the database."""

from __future__ import annotations

import re
import secrets
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from orchestrator.errors import BadSetting, NotFound
from orchestrator.history import Conversation, Entry
from orchestrator.store.database import Database
from orchestrator.store.entries import recall
from orchestrator.store.journal import DatabaseJournal
from orchestrator.store.tables import ConversationRow

SESSION_ID = r"^[A-Za-z0-9_-]{1,64}$"
DELETED_AT_ONCE = 200


def new_id() -> str:
    """Nobody can guess it."""
    return secrets.token_urlsafe(12)


def unknown(session_id: str) -> NotFound:
    """Also where it is another user's: who asks is not told that there is one."""
    return NotFound(f"there is no session {session_id}", field="session_id")


class Conversations:
    """What voice and chat open by `session_id`, and what deletes it from memory and database at once."""

    def __init__(self, database: Database, journal: DatabaseJournal) -> None:
        self._database = database
        self._journal = journal
        self._held: weakref.WeakValueDictionary[str, Conversation] = weakref.WeakValueDictionary()

    async def open(self, session_id: str | None, user: str) -> tuple[Conversation, bool]:
        """The conversation of that id, and whether it was there before; a new id where none is given.

        It is in the database with the first words. An id that nobody has used becomes this user's.

        Raises:
            BadSetting: `session_id` is no id.
            NotFound: it is somebody else's.
            StoreUnavailable: the database cannot say.
        """
        if session_id is None:
            return self._hold(Conversation(new_id(), user, journal=self._journal)), False
        if not re.fullmatch(SESSION_ID, session_id):
            raise BadSetting("session_id: use 1 to 64 letters, digits, _ and -", field="session_id")
        conversation, known = self._held.get(session_id), True
        if conversation is None:
            conversation, known = await self._load(session_id, user)
            conversation = self._hold(conversation)
        if conversation.user != user:
            raise unknown(session_id)
        return conversation, known

    async def delete(self, session_id: str, user: str) -> None:
        """Raises NotFound where that user has none of that id."""
        ours = (ConversationRow.id == session_id, ConversationRow.owner == user)
        if not await self._delete(
            ours, lambda entry: entry.conversation_id == session_id and entry.user == user
        ):
            raise unknown(session_id)

    async def delete_all(self, user: str) -> int:
        """Delete every conversation of that user; how many there were."""
        return await self._delete((ConversationRow.owner == user,), lambda entry: entry.user == user)

    async def delete_older(self, than: datetime) -> int:
        """Delete those in which nothing was said or heard since `than`; how many there were."""
        return await self._delete((ConversationRow.updated_at < than,), lambda _: False)

    def _hold(self, conversation: Conversation) -> Conversation:
        return self._held.setdefault(conversation.id, conversation)

    async def _load(self, session_id: str, user: str) -> tuple[Conversation, bool]:
        async with self._database.reading() as session:
            row = await session.get(ConversationRow, session_id)
            entries = await recall(session, session_id) if row is not None else []
        conversation = Conversation(session_id, user if row is None else row.owner, journal=self._journal)
        conversation.recall(entries)
        return conversation, row is not None

    async def _delete(self, where: Sequence[ColumnElement[bool]], is_meant: Callable[[Entry], bool]) -> int:
        """Delete the conversations `where`, and of what waits to be stored theirs and what `is_meant` as well."""
        deleted: set[str] = set()
        while True:
            async with self._database.writing() as session:
                ids = await _delete_some(session, where)
            # Right after the commit, before anybody else has a turn to write: what waits must not come after it.
            waited = self._journal.discard(ids, is_meant)
            deleted |= ids | waited
            self._forget(ids | waited)
            if len(ids) < DELETED_AT_ONCE:
                return len(deleted)

    def _forget(self, ids: set[str]) -> None:
        for session_id in ids:
            if (conversation := self._held.get(session_id)) is not None:
                conversation.forget()


async def _delete_some(session: AsyncSession, where: Sequence[ColumnElement[bool]]) -> set[str]:
    ids = set(await session.scalars(select(ConversationRow.id).where(*where).limit(DELETED_AT_ONCE)))
    await session.execute(delete(ConversationRow).where(ConversationRow.id.in_(ids), *where))
    return ids
