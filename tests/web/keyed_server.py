"""A small server that speaks the wire to whoever has a ticket, and lists sessions and voices to whoever has the key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from embedded import ports
from orchestrator import page

KEY = "the right key"
TICKET = "t-1"
SESSION = {"id": "s9", "title": "About the sea", "created_at": "2026-11-01T10:00:00Z", "message_count": 2}
MESSAGES = [
    {"role": "user", "content": "How deep is the sea?"},
    {"role": "assistant", "content": "Very deep."},
]
VOICES = [{"name": "en_US-joe-medium", "language": "en_US", "gender": "male"}]


class KeyedServer:
    """Attributes: received: every JSON message of any client; deleted: ids of sessions that were deleted."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.port = ports.free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def app(self) -> Starlette:
        routes = [
            Route("/access/tickets", self._ticket, methods=["POST"]),
            Route("/sessions", self._sessions),
            Route("/sessions/{id}", self._session, methods=["GET", "DELETE"]),
            Route("/api/v1/voice/voices", self._voices),
            Route("/ready", self._ready),
            WebSocketRoute("/ws/voice-conversation", self._converse),
            *page.routes(),
        ]
        return Starlette(routes=routes)

    async def _ready(self, _: Request) -> Response:
        return JSONResponse({"ready": True, "models": {}})

    async def _ticket(self, request: Request) -> Response:
        return _for_key(request, {"ticket": TICKET, "expires_in": 30})

    async def _sessions(self, request: Request) -> Response:
        return _for_key(request, {"sessions": [] if self.deleted else [SESSION]})

    async def _session(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.deleted.append(request.path_params["id"])
        return _for_key(request, {**SESSION, "messages": MESSAGES})

    async def _voices(self, request: Request) -> Response:
        return _for_key(request, {"voices": VOICES})

    async def _converse(self, socket: WebSocket) -> None:
        if f"beautyai.ticket.{TICKET}" not in socket.scope["subprotocols"]:
            await socket.close(1008)  # before accept: HTTP 403
            return
        await socket.accept(subprotocol="beautyai")
        ready = {"type": "ready", "session_id": "s9", "resumed": True, "protocol": 1, "settings": {}}
        await socket.send_json({**ready, "seq": 0, "at_ms": 0})
        try:
            while True:
                self.received.append(json.loads(await socket.receive_text()))
        except WebSocketDisconnect:
            return


def _for_key(request: Request, content: dict[str, Any]) -> Response:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse({"code": "unauthorized"}, 401)
    return JSONResponse(content)


@asynccontextmanager
async def keyed_server() -> AsyncIterator[KeyedServer]:
    server = KeyedServer()
    serving = uvicorn.Server(uvicorn.Config(server.app(), port=server.port, log_config=None))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serving.serve)
        while not serving.started:
            await anyio.sleep(0.01)
        yield server
        serving.should_exit = True
