"""The ASGI application: routes and middleware around the service, which is open in the lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from orchestrator import __version__, page
from orchestrator.access.middleware import Access
from orchestrator.api.limits import BodyLimits
from orchestrator.api.problems import answer_at, answer_problems, problem_of
from orchestrator.config import Settings
from orchestrator.conversation import VOICE_PATH
from orchestrator.errors import VoiceError
from orchestrator.request_ids import RequestIds
from orchestrator.service import Service

_DESCRIPTION = (
    "A self-hosted voice assistant. The voice conversation itself is a WebSocket: docs/protocol.md."
)
_CORS: dict[str, Any] = {
    "allow_methods": ["GET", "POST", "PUT", "PATCH", "DELETE"],
    "allow_headers": ["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
    "expose_headers": ["Retry-After", "X-Request-ID"],
    "max_age": 600,
}


def create_app(settings: Settings) -> FastAPI:
    """The whole service for these settings; it touches nothing outside before its lifespan.

    Raises:
        BadSetting: see `Service`.
    """
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPIOffline(title="BeautyAI", version=__version__, lifespan=lifespan, description=_DESCRIPTION)
    answer_problems(app)
    for router in service.routers():
        app.include_router(router)
    app.router.routes.append(WebSocketRoute(VOICE_PATH, service.voice.serve))
    app.router.routes += page.routes()
    app.add_middleware(BodyLimits)
    app.add_middleware(Access, door=service.door, tell=_tell)
    if settings.allowed_origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.allowed_origins, **_CORS)
    app.add_middleware(RequestIds)
    return app


def _tell(path: str, error: VoiceError) -> Response:
    """How a refusal is told, before any route is known."""
    return answer_at(path, problem_of(error), error.headers)
