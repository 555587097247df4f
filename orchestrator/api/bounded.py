"""A route whose body may not be larger than it says: it is refused with 413 while it comes in, not after."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive


def bounded_route(max_bytes: int) -> type[APIRoute]:
    """A route class for `APIRouter(route_class=…)`."""

    class Bounded(_Bounded):
        limit = max_bytes

    return Bounded


class _Bounded(APIRoute):
    limit: ClassVar[int]

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_bounded(request: Request) -> Response:
            return await handle(Request(request.scope, _bounded(request.receive, self.limit)))

        return handle_bounded


def _bounded(receive: Receive, limit: int) -> Receive:
    received = 0

    async def receive_bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise HTTPException(413, f"the body is larger than {limit} bytes; send less at once")
        return message

    return receive_bounded
