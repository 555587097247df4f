"""Entries in the tables: appended in the order they came in, recalled for the next prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from orchestrator.history import MAX_MESSAGES, Entry
from orchestrator.store.tables import ConversationRow, MessageRow
from orchestrator.store.titles import title_of


async def append(session: AsyncSession, entries: Sequence[Entry], *, again: bool) -> set[str]:
    """Add `entries`, and their conversations where they are new; the uids of those that were left out.

    again: some of them may have been stored by a try whose outcome is unknown. Left out is what goes to somebody
    else's conversation: two users have chosen one id, in two processes.
    """
    stored = await _stored_uids(session, entries) if again else set()
    fresh = [entry for entry in entries if entry.uid not in stored]
    rows = await _conversations(session, fresh)
    ours = [entry for entry in fresh if rows[entry.conversation_id].owner == entry.user]
    for entry in ours:
        _touch(rows[entry.conversation_id], entry)
    await session.flush()
    if ours:
        await session.execute(insert(MessageRow), [_columns(entry) for entry in ours])
    return {entry.uid for entry in fresh} - {entry.uid for entry in ours}


async def recall(session: AsyncSession, conversation_id: str) -> list[Entry]:
    """The latest entries, oldest first: as many as a prompt is made of."""
    latest = (
        select(MessageRow, ConversationRow.owner)
        .join(ConversationRow)
        .where(MessageRow.conversation_id == conversation_id)
        .order_by(MessageRow.id.desc())
        .limit(MAX_MESSAGES)
    )
    found = (await session.execute(latest)).all()
    return [_entry(row, owner) for row, owner in reversed(found)]


async def _stored_uids(session: AsyncSession, entries: Sequence[Entry]) -> set[str]:
    uids = [entry.uid for entry in entries]
    return set(await session.scalars(select(MessageRow.uid).where(MessageRow.uid.in_(uids))))


async def _conversations(session: AsyncSession, entries: Sequence[Entry]) -> dict[str, ConversationRow]:
    ids = {entry.conversation_id for entry in entries}
    known = await session.scalars(select(ConversationRow).where(ConversationRow.id.in_(ids)))
    rows = {row.id: row for row in known}
    for entry in entries:
        if entry.conversation_id not in rows:
            row = ConversationRow(
                id=entry.conversation_id, owner=entry.user, title="", created_at=entry.at, updated_at=entry.at
            )
            session.add(row)
            rows[row.id] = row
    return rows


def _touch(row: ConversationRow, entry: Entry) -> None:
    row.updated_at = max(row.updated_at, entry.at)
    if not row.title and entry.role == "user":
        row.title = title_of(entry.content)


def _columns(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in vars(entry).items() if name != "user"}


def _entry(row: MessageRow, owner: str) -> Entry:
    return Entry(
        conversation_id=row.conversation_id,
        user=owner,
        role=cast(Any, row.role),
        content=row.content,
        turn=row.turn,
        cut=row.cut,
        language=row.language,
        thinking=row.thinking,
        at=row.at,
        uid=row.uid,
    )
