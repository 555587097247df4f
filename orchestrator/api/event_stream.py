"""Server-sent events that are written as they happen; a client that leaves ends the work for it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
from fastapi.sse import format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrator.errors import VoiceError

log = logging.getLogger(__name__)

Emit = Callable[[str, "str | None"], Awaitable[None]]
"""Sends one event: its data, and its name."""

Told = Callable[[VoiceError], "tuple[str, str | None]"]
"""A fault as the last event: its data, and its name."""


def described_events(names: Sequence[str], of: str) -> dict[str, Any]:
    """For a route's `responses`: `content` of server-sent events of these names, whose data is `of`."""
    event: dict[str, Any] = {"type": "string"} | ({"enum": list(names)} if names else {})
    properties = {"event": event, "data": {"type": "string", "description": of}}
    return {"text/event-stream": {"schema": {"type": "object", "properties": properties}}}


_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """`produce` is called with what sends an event, and is cancelled when the client leaves.

    The answer begins with the first event: a fault before it is answered as any other, with its own status; one after
    it is the last event, as `told` says it.
    """

    media_type = "text/event-stream"

    def __init__(self, produce: Callable[[Emit], Awaitable[None]], told: Told) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._produce = produce
        self._told = told
        self._began = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        async def emit(data: str, event: str | None = None) -> None:
            await self._begin(send)
            body = format_sse_event(data_str=data, event=event)
            await send({"type": "http.response.body", "body": body, "more_body": True})

        async def produce() -> None:
            try:
                await self._produce(emit)
            except Exception as error:
                if not self._began:
                    raise
                await emit(*self._told(_known(error)))
            await self._begin(send)
            await send({"type": "http.response.body", "body": b""})

        await while_connected(receive, produce)

    async def _begin(self, send: Send) -> None:
        if not self._began:
            self._began = True
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(start)


def _known(error: Exception) -> VoiceError:
    if isinstance(error, VoiceError):
        return error
    log.error("a stream broke", exc_info=error)
    return VoiceError("the stream broke inside the server; its log says more under this request_id")


async def while_connected(receive: Receive, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work`, and cancel it when the client leaves. Raises what `work` raises."""
    fault: Exception | None = None

    async def watch() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            await work()
        except Exception as error:
            fault = error
        tasks.cancel_scope.cancel()
    if fault is not None:
        raise fault
