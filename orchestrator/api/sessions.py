"""Sessions over HTTP: what was said and heard, by whoever said and heard it, and by nobody else."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.access.caller import Caller, requires
from orchestrator.api.problems import described
from orchestrator.api.session_documents import (
    SessionDocument,
    StoredMessage,
    Title,
    document_of,
    messages_of,
    rows_of,
)
from orchestrator.store.conversations import SESSION_ID, Conversations
from orchestrator.store.cursors import Cursor
from orchestrator.store.library import Library, Listed

_UNAVAILABLE = described(503)
_ONE = {**described(404), **_UNAVAILABLE}
_NOT_JSON = described(400)

ChatCaller = Annotated[Caller, requires("chat")]
SessionId = Annotated[str, Path(pattern=SESSION_ID)]


class NewSession(BaseModel):
    """`title`: left out, it is made of the first words said."""

    model_config = ConfigDict(extra="forbid")
    title: Title = ""


class Renamed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Annotated[Title, Field(min_length=1)]


class SessionSummary(BaseModel):
    """`title` is empty while nothing was said; `updated_at`: when something was last said or heard."""

    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    message_count: int


class SessionPage(BaseModel):
    """Newest first; ask again with `cursor=next_cursor` until that is null."""

    sessions: list[SessionSummary]
    next_cursor: str | None


class WholeSession(SessionSummary):
    messages: list[StoredMessage]


class Deleted(BaseModel):
    deleted: int


def _summary(listed: Listed) -> SessionSummary:
    row = listed.row
    return SessionSummary(
        id=row.id,
        title=row.title,
        created_at=row.created_at,
        updated_at=row.updated_at,
        message_count=listed.message_count,
    )


def sessions_router(conversations: Conversations, library: Library) -> APIRouter:
    router = APIRouter(prefix="/sessions", tags=["sessions"])
    _add_lists(router, conversations, library)
    _add_documents(router, library)
    _add_single(router, conversations, library)
    return router


def _add_lists(router: APIRouter, conversations: Conversations, library: Library) -> None:
    @router.post("", status_code=201, responses={**_NOT_JSON, **_UNAVAILABLE})
    async def create_session(caller: ChatCaller, new: NewSession | None = None) -> SessionSummary:
        """An empty session; talk in it by its `id`, over HTTP or the WebSocket."""
        return _summary(await library.create(caller.user, new.title if new else ""))

    @router.get("", responses=_UNAVAILABLE)
    async def list_sessions(
        caller: ChatCaller,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
    ) -> SessionPage:
        """The caller's sessions, newest first."""
        listed, following = await library.page(caller.user, limit, Cursor.parse(cursor) if cursor else None)
        sessions = [_summary(each) for each in listed]
        return SessionPage(sessions=sessions, next_cursor=str(following) if following else None)

    @router.delete("", responses=_UNAVAILABLE)
    async def delete_sessions(caller: ChatCaller) -> Deleted:
        """Delete all of the caller's sessions, with everything that was said in them."""
        return Deleted(deleted=await conversations.delete_all(caller.user))


def _add_documents(router: APIRouter, library: Library) -> None:
    @router.post("/import", status_code=201, responses={**described(400, 409, 413), **_UNAVAILABLE})
    async def import_session(caller: ChatCaller, document: SessionDocument) -> SessionSummary:
        """Take in a session that was exported here or elsewhere; it becomes the caller's."""
        return _summary(await library.take_in(*rows_of(document, caller.user)))

    @router.get("/{session_id}/export", responses=_ONE)
    async def export_session(caller: ChatCaller, session_id: SessionId) -> SessionDocument:
        """The whole session as one document, which `POST /sessions/import` takes."""
        listed, messages = await library.read(caller.user, session_id)
        return document_of(listed.row, messages)


def _add_single(router: APIRouter, conversations: Conversations, library: Library) -> None:
    @router.get("/{session_id}", responses=_ONE)
    async def read_session(caller: ChatCaller, session_id: SessionId) -> WholeSession:
        """The session with everything that was said and heard in it, oldest first."""
        listed, messages = await library.read(caller.user, session_id)
        return WholeSession(**_summary(listed).model_dump(), messages=messages_of(messages))

    @router.patch("/{session_id}", responses={**_NOT_JSON, **_ONE})
    async def rename_session(caller: ChatCaller, session_id: SessionId, renamed: Renamed) -> SessionSummary:
        """Give the session another title."""
        return _summary(await library.rename(caller.user, session_id, renamed.title))

    @router.delete("/{session_id}", status_code=204, responses=_ONE)
    async def delete_session(caller: ChatCaller, session_id: SessionId) -> None:
        """Delete the session with everything that was said in it; a conversation that runs begins anew."""
        await conversations.delete(session_id, caller.user)
