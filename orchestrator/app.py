"""Routes and lifespan: what is open while the process serves."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import WebSocketRoute

from orchestrator import __version__, page
from orchestrator.api.chat import chat_router
from orchestrator.api.health import health_router
from orchestrator.api.limits import BodyLimits
from orchestrator.api.openai_chat import openai_chat_router
from orchestrator.api.openai_completions import openai_completions_router
from orchestrator.api.openai_models import openai_models_router
from orchestrator.api.problems import answer_problems
from orchestrator.api.sessions import sessions_router
from orchestrator.config import Settings
from orchestrator.conversation import VoiceConversations
from orchestrator.detecting import SharedDetector
from orchestrator.metrics import Metrics
from orchestrator.priorities import Priorities, Prioritised
from orchestrator.prompt import ChatTemplate
from orchestrator.readiness import Readiness
from orchestrator.request_ids import RequestIds
from orchestrator.served import OneModel
from orchestrator.store.address import address
from orchestrator.store.store import Store
from orchestrator.texts import TextModel
from orchestrator.triton import TritonInference

log = logging.getLogger(__name__)

VOICE_PATH = "/ws/voice-conversation"
_DESCRIPTION = (
    "A self-hosted voice assistant. The voice conversation itself is a WebSocket: docs/protocol.md."
)


def create_app(settings: Settings) -> FastAPI:
    """The whole service for these settings; opens its connection to Triton and its database in its lifespan.

    Raises:
        BadSetting: the tokenizer's folder or the database's address is wrong.
    """
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
    texts = TextModel(triton, template, settings.llm_context_tokens, metrics.tokens_generated)
    served = OneModel(settings.tokenizer_dir)
    store = Store(address(settings.database_url, settings.data_dir), settings.retention_days)
    voice = VoiceConversations(settings, inference, template, metrics, store.conversations)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with triton, detector, store.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(readiness.run)
            yield
            tasks.cancel_scope.cancel()

    app = FastAPIOffline(title="BeautyAI", version=__version__, lifespan=lifespan, description=_DESCRIPTION)
    answer_problems(app)
    app.include_router(health_router(readiness, metrics))
    system_prompt = settings.session.system_prompt
    app.include_router(chat_router(texts, store.conversations, served, system_prompt))
    app.include_router(openai_chat_router(texts, served))
    app.include_router(openai_completions_router(texts, served))
    app.include_router(openai_models_router(served))
    app.include_router(sessions_router(store.conversations, store.library))
    app.router.routes.append(WebSocketRoute(VOICE_PATH, voice.serve))
    app.add_middleware(BodyLimits)
    app.router.routes += page.routes()
    app.add_middleware(RequestIds)
    return app
