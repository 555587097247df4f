"""How large a request's body may be: one table by path, and the middleware that refuses what is larger with 413."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestrator.api.problems import answer_at, problem

MEBIBYTE = 1024 * 1024
JSON_BYTES = 2 * MEBIBYTE
UPLOAD_BYTES: Mapping[str, int] = {
    "/v1/audio/": 64 * MEBIBYTE,
    "/api/v1/voice/": 64 * MEBIBYTE,
    "/sessions/import": 4 * MEBIBYTE,
}
"""Paths that begin so take more than `JSON_BYTES`."""


def limit_bytes(path: str) -> int:
    """The largest body that `path` takes."""
    return next((limit for start, limit in UPLOAD_BYTES.items() if path.startswith(start)), JSON_BYTES)


class BodyLimits:
    """ASGI middleware: a body above its path's limit is refused before it is read, or as soon as it outgrows it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_bytes(scope["path"])
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await _refuse(limit, scope, receive, send)
            return
        body = _Body(receive, send, limit)
        try:
            await self._app(scope, body.receive, body.send)
        except ClientDisconnect:
            if not body.refused:
                raise
        if body.refused:
            await _refuse(limit, scope, receive, send)


class _Body:
    """Counts what comes in. A body that outgrows its limit ends as if its sender had left, and no answer goes out."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self.refused = False
        self._answered = False
        self._receive = receive
        self._send = send
        self._left = limit

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left >= 0:
            return message
        self.refused = not self._answered
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if not self.refused:
            self._answered = True
            await self._send(message)


async def _refuse(limit: int, scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"the body is larger than the {limit // MEBIBYTE} MiB that {scope['path']} takes; send less"
    refusal = answer_at(scope["path"], problem(413, "too_large", detail), {"Connection": "close"})
    await refusal(scope, receive, send)
