"""Keys and tickets over HTTP: keys for who administers, tickets for a browser before its WebSocket."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from orchestrator.access.caller import Caller, known, requires
from orchestrator.access.keyring import KeyRing
from orchestrator.access.keys import KeyInfo, KeyRequest
from orchestrator.access.tickets import LIFETIME_SECONDS, Tickets
from orchestrator.api.problems import described

KeyId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="`id` of a key, as in the list")]


class KeyList(BaseModel):
    keys: tuple[KeyInfo, ...]


class NewKey(KeyInfo):
    """`key` is the key itself. It is kept nowhere: this answer is the only sight of it."""

    key: str


class Ticket(BaseModel):
    """To be shown once as the WebSocket subprotocol `beautyai.ticket.<ticket>`, beside `beautyai`."""

    ticket: str
    expires_in_seconds: int = LIFETIME_SECONDS


def access_router(keys: KeyRing, tickets: Tickets) -> APIRouter:
    router = APIRouter(prefix="/access", tags=["access"])

    @router.post("/tickets")
    async def issue_ticket(caller: Annotated[Caller, known()], response: Response) -> Ticket:
        """A ticket for one WebSocket, with all that the caller may do."""
        response.headers["Cache-Control"] = "no-store"
        return Ticket(ticket=tickets.issue(caller))

    @router.get("/keys", dependencies=[requires("admin")])
    async def list_keys() -> KeyList:
        """Every key, expired ones too, without the keys themselves."""
        return KeyList(keys=tuple(key.info() for key in keys.file.read()))

    @router.post("/keys", status_code=201, dependencies=[requires("admin")])
    async def create_key(request: KeyRequest, response: Response) -> NewKey:
        """A new key; the answer is the only sight of it."""
        response.headers["Cache-Control"] = "no-store"
        shown, key = keys.file.create(request)
        return NewKey(key=shown, **key.info().model_dump())

    @router.delete("/keys/{id}", status_code=204, responses=described(404), dependencies=[requires("admin")])
    async def revoke_key(id: KeyId) -> None:
        """The key opens nothing any more; its voice sessions are closed."""
        if not keys.file.revoke(id):
            raise HTTPException(404, f"there is no key {id}")
        keys.refresh()

    return router
