"""What lives while the process serves: made once from the settings, open while `running`, offered as routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
from fastapi import APIRouter

from orchestrator.access.door import Door
from orchestrator.api.access import access_router
from orchestrator.api.chat import chat_router
from orchestrator.api.configuration import configuration_router
from orchestrator.api.health import health_router
from orchestrator.api.models import models_router
from orchestrator.api.openai_chat import openai_chat_router
from orchestrator.api.openai_completions import openai_completions_router
from orchestrator.api.openai_models import openai_models_router
from orchestrator.api.sessions import sessions_router
from orchestrator.api.speech import speech_router
from orchestrator.api.system import system_router
from orchestrator.api.transcriptions import transcriptions_router
from orchestrator.api.voice import voice_router
from orchestrator.api.voice_requests import voice_requests_router
from orchestrator.config import Settings, models_environment
from orchestrator.configuration import Configuration
from orchestrator.conversation import VOICE_PATH, VoiceConversations
from orchestrator.detecting import SharedDetector
from orchestrator.metrics import Metrics
from orchestrator.priorities import Priorities, Prioritised
from orchestrator.prompt import ChatTemplate
from orchestrator.readiness import Readiness
from orchestrator.registry.loading import Loading
from orchestrator.registry.placing import Surroundings, shares_files
from orchestrator.registry.registry import Registry
from orchestrator.registry.views import Views
from orchestrator.store.address import address
from orchestrator.store.store import Store
from orchestrator.system_status import SystemStatus
from orchestrator.texts import TextModel
from orchestrator.triton import TritonInference
from orchestrator.unhurried import Unhurried
from orchestrator.uploaded_turn import UploadedTurns
from orchestrator.uploads.transcription import Scribe


class Service:
    """`door` says who may ask; `voice` serves the WebSocket; `routers` are the HTTP API.

    Raises:
        BadSetting: the tokenizer's folder or the database's address is wrong, or others can reach the service and
            nobody could be known.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self.door = Door.opened(settings, self._metrics)
        self._triton = _triton(settings, self._metrics)
        self._detector = SharedDetector(self._triton)
        self._priorities = Priorities(settings.partials_at_once)
        self._template = ChatTemplate(settings.tokenizer_dir)
        self._registry = Registry(settings.data_dir)
        place = Surroundings(models_environment(), settings.tokenizer_dir, shares_files(settings.triton_url))
        self._loading = Loading(self._triton, self._registry, self._template, place)
        self._readiness = Readiness(self._triton, self._metrics, came_up=self._loading.settle)
        self._store = Store(address(settings.database_url, settings.data_dir), settings.retention_days)
        inference = Prioritised(self._triton, self._detector, self._priorities)
        self.voice = VoiceConversations(
            settings, inference, self._template, self._metrics, self._store.conversations
        )
        self._configuration = Configuration(settings)
        self._configuration.applied.append(self.voice.apply)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected to Triton and the database, and looking after both, while the block runs."""
        async with self._triton, self._detector, self._store.running(), anyio.create_task_group() as tasks:
            tasks.start_soon(self._readiness.run)
            tasks.start_soon(self.door.run)
            yield
            tasks.cancel_scope.cancel()

    def routers(self) -> Iterator[APIRouter]:
        yield health_router(self._readiness, self._metrics)
        yield from self._text_routers()
        yield from self._audio_routers()
        yield sessions_router(self._store.conversations, self._store.library)
        yield models_router(
            self._registry, self._loading, Views(self._registry, self._loading, self._template)
        )
        yield configuration_router(self._configuration)
        yield self._system_router()
        yield access_router(self.door.keys, self.door.tickets)

    def _text_routers(self) -> Iterator[APIRouter]:
        tokens = self._settings.llm_context_tokens
        texts = TextModel(self._triton, self._template, tokens, self._metrics.tokens_generated)
        configuration = self._configuration
        yield chat_router(
            texts,
            self._store.conversations,
            self._registry,
            lambda: configuration.running.session.system_prompt,
        )
        yield openai_chat_router(texts, self._registry)
        yield openai_completions_router(texts, self._registry)
        yield openai_models_router(self._registry)

    def _audio_routers(self) -> Iterator[APIRouter]:
        """Audio over HTTP, whose work goes after that of all live conversations."""
        settings = self._settings
        models = Unhurried(self._triton, self._detector, self._priorities)
        scribe = Scribe(models, settings.session.turn_taking.speech_threshold, settings.max_upload_seconds)
        turns = UploadedTurns(scribe, models, self._template, settings.llm_context_tokens)
        yield transcriptions_router(scribe)
        yield speech_router(models)
        yield voice_router(models, self._readiness, VOICE_PATH)
        yield voice_requests_router(scribe, models, turns, self._store.conversations, settings.session)

    def _system_router(self) -> APIRouter:
        settings, voice = self._settings, self.voice
        status = SystemStatus(
            self._triton,
            lambda: (voice.open_sessions, voice.settings.max_sessions),
            (settings.data_dir, settings.cache),
        )
        return system_router(status, self._registry, settings.cache, frozenset({settings.tokenizer_dir}))


def _triton(settings: Settings, metrics: Metrics) -> TritonInference:
    key = settings.triton_admin_key
    triton = TritonInference(settings.triton_url, admin_key=key.get_secret_value() if key else None)
    triton.observers.append(metrics.inference_ended)
    return triton
