"""The ASGI layer of the door: every request and WebSocket has its caller, or is refused before anything else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack, suppress

import anyio
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from orchestrator.access.account import Place
from orchestrator.access.caller import Caller
from orchestrator.access.credentials import SUBPROTOCOL, TICKET_PROTOCOL
from orchestrator.access.door import Door
from orchestrator.errors import AccessError, IdentityUnavailable, VoiceError

log = logging.getLogger(__name__)

# For what the session itself has to say of its end.
_LAST_WORD_SECONDS = 0.2

# How an error is told to whoever asked for that path.
Tell = Callable[[str, VoiceError], Response]


class Access:
    """Puts the `Caller` into `scope["caller"]`. A WebSocket needs the scope `voice` and a place of its caller's."""

    def __init__(self, app: ASGIApp, door: Door, tell: Tell) -> None:
        self._app = app
        self._door = door
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            caller = scope["caller"] = await self._door.caller(HTTPConnection(scope))
        except (AccessError, IdentityUnavailable) as error:
            await self._refuse(scope, receive, send, error)
            return
        if scope["type"] == "websocket":
            await self._converse(caller, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: VoiceError) -> None:
        log.info("a %s request was refused: %s", scope["type"], error.code)
        response = self._tell(scope["path"], error)
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send).send_denial_response(response)
        else:
            await response(scope, receive, send)

    async def _converse(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as taken:
            try:
                caller.require("voice")
                place = taken.enter_context(caller.account.session(caller.until))
            except AccessError as error:
                await self._refuse(scope, receive, send, error)
                return
            await _while_allowed(self._app, place, scope, receive, _selecting(scope, send))


async def _while_allowed(app: ASGIApp, place: Place, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a WebSocket until it closes, or until its place ends."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_close_when_ended, place, send)
        await app(scope, receive, send)
        tasks.cancel_scope.cancel()


async def _close_when_ended(place: Place, send: Send) -> None:
    await place.ended.wait()
    await anyio.sleep(_LAST_WORD_SECONDS)
    if place.error is None:
        return
    log.info("a session was closed: %s", place.error)
    with suppress(RuntimeError, OSError):  # the peer, or the session itself, was quicker
        await send({"type": "websocket.close", "code": place.error.close_code, "reason": place.error.code})


def _selecting(scope: Scope, send: Send) -> Send:
    """`send`, which takes up `beautyai` where the client offers it: a browser wants one of its offers taken."""
    offered = scope.get("subprotocols", [])
    scope["subprotocols"] = [each for each in offered if not each.startswith(TICKET_PROTOCOL)]

    async def select_and_send(message: Message) -> None:
        if (
            message["type"] == "websocket.accept"
            and SUBPROTOCOL in offered
            and not message.get("subprotocol")
        ):
            message = {**message, "subprotocol": SUBPROTOCOL}
        await send(message)

    return select_and_send
