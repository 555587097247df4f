"""`GET /v1/models` and `/v1/models/{id}`: which models answer, as OpenAI's API lists them."""

from __future__ import annotations

import time

from fastapi import APIRouter

from orchestrator.access.caller import requires
from orchestrator.api.openai_problems import described_openai
from orchestrator.api.openai_schema import OpenAIModel, OpenAIModels
from orchestrator.served import Served


def openai_models_router(served: Served) -> APIRouter:
    router = APIRouter(tags=["openai"], prefix="/v1/models", dependencies=[requires("chat")])
    began = int(time.time())

    @router.get("", responses=described_openai(401, 403, 429))
    async def list_models() -> OpenAIModels:
        """The models that answer; the first is the default one."""
        return OpenAIModels(data=[OpenAIModel(id=model, created=began) for model in served.ids()])

    @router.get("/{model:path}", responses=described_openai(401, 403, 404, 429))
    async def read_model(model: str) -> OpenAIModel:
        """One model."""
        return OpenAIModel(id=served.language_model(model), created=began)

    return router
