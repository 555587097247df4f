"""A whole session as one JSON document, the same for export and import; what comes in is checked and bounded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from orchestrator.store.conversations import SESSION_ID, new_id
from orchestrator.store.tables import ConversationRow, MessageRow
from orchestrator.store.titles import title_of

MAX_MESSAGES = 10_000
MAX_CHARACTERS = 200_000


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("U+0000 and halves of a surrogate pair cannot be stored; leave them out")
    return text


def _of_our_time(at: datetime) -> datetime:
    """PostgreSQL and SQLite agree about these years, also in any time zone."""
    if not 1900 <= at.year <= 9000:
        raise ValueError("a time must lie between the years 1900 and 9000")
    return at.astimezone(timezone.utc)


Text = Annotated[str, AfterValidator(_storable)]
Title = Annotated[Text, Field(max_length=200)]
Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StoredMessage(_Closed):
    """What was said (`user`), or what was heard of a reply (`assistant`); `cut`: the reply was interrupted there.

    `turn` counts from 1 in the session.
    """

    role: Literal["user", "assistant"]
    content: Annotated[Text, Field(min_length=1, max_length=MAX_CHARACTERS)]
    at: Moment
    cut: bool = False
    turn: int = Field(1, ge=1, le=1_000_000)
    language: Annotated[Text, Field(max_length=16)] | None = None
    thinking: Annotated[Text, Field(max_length=MAX_CHARACTERS)] | None = None


class DocumentSession(_Closed):
    """`id` left out or null: a new one is made."""

    id: str | None = Field(None, pattern=SESSION_ID)
    title: Title = ""
    created_at: Moment
    updated_at: Moment


class SessionDocument(_Closed):
    """One session with everything that was said and heard, oldest first."""

    format: Literal["beautyai-session"] = "beautyai-session"
    version: Literal[1] = 1
    session: DocumentSession
    messages: list[StoredMessage] = Field(max_length=MAX_MESSAGES)


def messages_of(rows: Sequence[MessageRow]) -> list[StoredMessage]:
    # They were validated or made here when they came in: a conversation of thousands is not checked again.
    return [
        StoredMessage.model_construct(**{name: getattr(row, name) for name in StoredMessage.model_fields})
        for row in rows
    ]


def document_of(row: ConversationRow, messages: Sequence[MessageRow]) -> SessionDocument:
    session = DocumentSession.model_construct(
        **{name: getattr(row, name) for name in DocumentSession.model_fields}
    )
    return SessionDocument(session=session, messages=messages_of(messages))


def rows_of(document: SessionDocument, user: str) -> tuple[ConversationRow, list[dict[str, Any]]]:
    """The rows of a new conversation of that user, its messages as columns of `MessageRow`."""
    session = document.session
    first_words = next((message.content for message in document.messages if message.role == "user"), "")
    row = ConversationRow(
        id=session.id or new_id(),
        owner=user,
        title=session.title or title_of(first_words),
        created_at=session.created_at,
        updated_at=session.updated_at,
    )
    columns = [
        {**message.model_dump(), "conversation_id": row.id, "uid": uuid.uuid4().hex}
        for message in document.messages
    ]
    return row, columns
