"""Routes and lifespan: what is open while the process serves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from orchestrator import __version__, page
from orchestrator.access.door import Door
from orchestrator.access.middleware import Access
from orchestrator.api.access import access_router
from orchestrator.api.chat import chat_router
from orchestrator.api.configuration import configuration_router
from orchestrator.api.health import health_router
from orchestrator.api.limits import BodyLimits
from orchestrator.api.models import models_router
from orchestrator.api.openai_chat import openai_chat_router
from orchestrator.api.openai_completions import openai_completions_router
from orchestrator.api.openai_models import openai_models_router
from orchestrator.api.problems import answer_at, answer_problems, problem_of
from orchestrator.api.sessions import sessions_router
from orchestrator.api.speech import speech_router
from orchestrator.api.system import system_router
from orchestrator.api.transcriptions import transcriptions_router
from orchestrator.api.voice import voice_router
from orchestrator.api.voice_requests import voice_requests_router
from orchestrator.config import Settings, models_environment
from orchestrator.configuration import Configuration
from orchestrator.conversation import VoiceConversations
from orchestrator.detecting import SharedDetector
from orchestrator.errors import VoiceError
from orchestrator.metrics import Metrics
from orchestrator.priorities import Priorities, Prioritised
from orchestrator.prompt import ChatTemplate
from orchestrator.readiness import Readiness
from orchestrator.registry.loading import Loading
from orchestrator.registry.placing import Surroundings, shares_files
from orchestrator.registry.registry import Registry
from orchestrator.registry.views import Views
from orchestrator.request_ids import RequestIds
from orchestrator.store.address import address
from orchestrator.store.conversations import Conversations
from orchestrator.store.store import Store
from orchestrator.system_status import SystemStatus
from orchestrator.texts import TextModel
from orchestrator.triton import TritonInference
from orchestrator.unhurried import Unhurried
from orchestrator.uploaded_turn import UploadedTurns
from orchestrator.uploads.transcription import Scribe

log = logging.getLogger(__name__)

VOICE_PATH = "/ws/voice-conversation"
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
    """The whole service for these settings; opens its connection to Triton and its database in its lifespan.

    Raises:
        BadSetting: the tokenizer's folder or the database's address is wrong, or others can reach the service and
            nobody could be known.
    """
    metrics = Metrics()
    door = Door.opened(settings, metrics)
    admin_key = settings.triton_admin_key
    triton = TritonInference(
        settings.triton_url, admin_key=admin_key.get_secret_value() if admin_key else None
    )
    triton.observers.append(metrics.inference_ended)
    detector = SharedDetector(triton)
    priorities = Priorities(settings.partials_at_once)
    inference = Prioritised(triton, detector, priorities)
    unhurried = Unhurried(triton, detector, priorities)
    template = ChatTemplate(settings.tokenizer_dir)
    registry = Registry(settings.data_dir)
    surroundings = Surroundings(
        models_environment(), settings.tokenizer_dir, shares_files(settings.triton_url)
    )
    loading = Loading(triton, registry, template, surroundings)
    readiness = Readiness(triton, metrics, came_up=loading.settle)
    texts = TextModel(triton, template, settings.llm_context_tokens, metrics.tokens_generated)
    store = Store(address(settings.database_url, settings.data_dir), settings.retention_days)
    voice = VoiceConversations(settings, inference, template, metrics, store.conversations)
    configuration = Configuration(settings)
    configuration.applied.append(voice.apply)
    status = SystemStatus(
        triton,
        lambda: (voice.open_sessions, voice.settings.max_sessions),
        (settings.data_dir, settings.cache),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with triton, detector, store.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(readiness.run)
            tasks.start_soon(door.run)
            yield
            tasks.cancel_scope.cancel()

    app = FastAPIOffline(title="BeautyAI", version=__version__, lifespan=lifespan, description=_DESCRIPTION)
    answer_problems(app)
    app.include_router(health_router(readiness, metrics))
    app.include_router(
        chat_router(texts, store.conversations, registry, lambda: configuration.running.session.system_prompt)
    )
    app.include_router(openai_chat_router(texts, registry))
    app.include_router(openai_completions_router(texts, registry))
    app.include_router(openai_models_router(registry))
    app.include_router(models_router(registry, loading, Views(registry, loading, template)))
    app.include_router(configuration_router(configuration))
    app.include_router(system_router(status, registry, settings.cache, frozenset({settings.tokenizer_dir})))
    app.include_router(sessions_router(store.conversations, store.library))
    app.include_router(access_router(door.keys, door.tickets))
    for router in _audio_routers(settings, unhurried, template, store.conversations, readiness):
        app.include_router(router)
    app.router.routes.append(WebSocketRoute(VOICE_PATH, voice.serve))
    app.router.routes += page.routes()
    app.add_middleware(BodyLimits)
    app.add_middleware(Access, door=door, tell=_tell)
    if settings.allowed_origins:
        app.add_middleware(CORSMiddleware, allow_origins=settings.allowed_origins, **_CORS)
    app.add_middleware(RequestIds)
    return app


def _tell(path: str, error: VoiceError) -> Response:
    """How a refusal is told, before any route is known."""
    return answer_at(path, problem_of(error), error.headers)


def _audio_routers(
    settings: Settings,
    models: Unhurried,
    template: ChatTemplate,
    conversations: Conversations,
    readiness: Readiness,
) -> Iterator[APIRouter]:
    """Audio over HTTP, whose work goes after that of all live conversations."""
    scribe = Scribe(models, settings.session.turn_taking.speech_threshold, settings.max_upload_seconds)
    turns = UploadedTurns(scribe, models, template, settings.llm_context_tokens)

    yield transcriptions_router(scribe)
    yield speech_router(models)
    yield voice_router(models, readiness, VOICE_PATH)
    yield voice_requests_router(scribe, models, turns, conversations, settings.session)
