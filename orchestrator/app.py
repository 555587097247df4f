"""Routes and lifespan: what is open while the process serves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from orchestrator.config import Settings
from orchestrator.conversation import VoiceConversations
from orchestrator.detecting import SharedDetector
from orchestrator.history import Conversations
from orchestrator.metrics import Metrics
from orchestrator.priorities import Priorities, Prioritised
from orchestrator.prompt import ChatTemplate
from orchestrator.readiness import Readiness
from orchestrator.triton import TritonInference

log = logging.getLogger(__name__)

VOICE_PATH = "/ws/voice-conversation"


def create_app(settings: Settings) -> Starlette:
    """The whole service for these settings; opens its connection to Triton in its lifespan."""
    metrics = Metrics()
    admin_key = settings.triton_admin_key
    triton = TritonInference(
        settings.triton_url, admin_key=admin_key.get_secret_value() if admin_key else None
    )
    triton.observers.append(metrics.inference_ended)
    detector = SharedDetector(triton)
    inference = Prioritised(triton, detector, Priorities(settings.partials_at_once))
    template = ChatTemplate(settings.tokenizer_dir)
    readiness = Readiness(triton, metrics)
    conversations = Conversations(settings.remembered_sessions)
    voice = VoiceConversations(settings, inference, template, metrics, conversations)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with triton, detector, anyio.create_task_group() as tasks:
            tasks.start_soon(readiness.run)
            yield
            tasks.cancel_scope.cancel()

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        body = {"ready": readiness.ready, "models": readiness.snapshot()}
        return JSONResponse(body, 200 if readiness.ready else 503)

    async def expose_metrics(_: Request) -> Response:
        content, content_type = metrics.render()
        return Response(content, media_type=content_type)

    routes = [
        Route("/health", health),
        Route("/ready", ready),
        Route("/metrics", expose_metrics),
        WebSocketRoute(VOICE_PATH, voice.serve),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
