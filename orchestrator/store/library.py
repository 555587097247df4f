"""Conversations as their owner sees them: a list in pages, one with its messages, its name, and whole ones taken in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import Select, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from orchestrator.errors import Conflict
from orchestrator.store.conversations import new_id, unknown
from orchestrator.store.cursors import Cursor
from orchestrator.store.database import Database
from orchestrator.store.tables import ConversationRow, MessageRow

ROWS_AT_ONCE = 500
"""Between these others have their turn on the event loop."""

_TAKEN = "there is a session {} already; delete it first, or leave out the id to make another"


@dataclass(frozen=True)
class Listed:
    """A conversation and the number of its messages."""

    row: ConversationRow
    message_count: int


class Library:
    """Every question names the user who asks; what is another's raises NotFound like what is not there.

    Any of them raises StoreUnavailable, those that change something NotStored, where the database does not answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, user: str, title: str = "") -> Listed:
        now = datetime.now(timezone.utc)
        row = ConversationRow(id=new_id(), owner=user, title=title, created_at=now, updated_at=now)
        async with self._database.writing() as session:
            session.add(row)
        return Listed(row, 0)

    async def page(
        self, user: str, limit: int, after: Cursor | None = None
    ) -> tuple[list[Listed], Cursor | None]:
        """At most `limit`, newest first, from the one `after`; and the cursor of the next page if there is one."""
        wanted = _listed().where(ConversationRow.owner == user)
        if after is not None:
            place = tuple_(ConversationRow.created_at, ConversationRow.id)
            wanted = wanted.where(place < tuple_(after.created_at, after.id))
        newest_first = wanted.order_by(ConversationRow.created_at.desc(), ConversationRow.id.desc())
        async with self._database.reading() as session:
            found = [Listed(*each) for each in await session.execute(newest_first.limit(limit + 1))]
        last = found[limit - 1].row if len(found) > limit else None
        return found[:limit], Cursor(last.created_at, last.id) if last is not None else None

    async def read(self, user: str, session_id: str) -> tuple[Listed, Sequence[MessageRow]]:
        """The conversation with all of its messages, oldest first."""
        of_it = select(MessageRow).where(MessageRow.conversation_id == session_id).order_by(MessageRow.id)
        async with self._database.reading() as session:
            listed = await _one(session, user, session_id)
            rows = await session.stream_scalars(of_it.execution_options(yield_per=ROWS_AT_ONCE))
            return listed, [row async for row in rows]

    async def rename(self, user: str, session_id: str, title: str) -> Listed:
        async with self._database.writing() as session:
            listed = await _one(session, user, session_id)
            listed.row.title = title
        return listed

    async def take_in(self, row: ConversationRow, messages: Sequence[dict[str, Any]]) -> Listed:
        """Add a whole conversation, its messages as columns of `MessageRow`. Raises Conflict where there is its id."""
        async with self._database.writing() as session:
            if await session.get(ConversationRow, row.id) is not None:
                raise Conflict(
                    f"there is a session {row.id} already; delete it first, or leave out the id",
                    field="session.id",
                )
            session.add(row)
            await session.flush()
            for start in range(0, len(messages), ROWS_AT_ONCE):
                await session.execute(insert(MessageRow), messages[start : start + ROWS_AT_ONCE])
        return Listed(row, len(messages))


def _listed() -> Select[ConversationRow, int]:
    count = select(func.count()).where(MessageRow.conversation_id == ConversationRow.id)
    return select(ConversationRow, count.scalar_subquery())


async def _one(session: AsyncSession, user: str, session_id: str) -> Listed:
    wanted = _listed().where(ConversationRow.owner == user, ConversationRow.id == session_id)
    found = (await session.execute(wanted)).one_or_none()
    if found is None:
        raise unknown(session_id)
    return Listed(*found)
