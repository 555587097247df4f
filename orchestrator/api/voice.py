"""What there is for voices: the endpoints, the voices that can be asked for, and whether their models answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from orchestrator.access.caller import requires
from orchestrator.api.problems import described
from orchestrator.inference import Gender
from orchestrator.inference import Voice as InferredVoice
from orchestrator.readiness import Readiness

MODELS = ("vad", "end_of_turn", "whisper", "tensorrt_llm", "tts")
_PATHS = ("/v1/audio/", "/api/v1/")


class Endpoint(BaseModel):
    method: str
    path: str
    summary: str


class Endpoints(BaseModel):
    endpoints: list[Endpoint]


class Voice(BaseModel):
    """`language` such as `en-us`; `gender` null where it is not known; `default` speaks where nothing is asked for."""

    name: str
    language: str
    gender: Gender | None
    engine: str
    default: bool


class Voices(BaseModel):
    voices: list[Voice]


class VoiceHealth(BaseModel):
    """`models`: of each that a voice conversation needs, whether it answered lately, and what was wrong."""

    status: Literal["ok", "unavailable"]
    models: dict[str, Any]


class Catalogue(Protocol):
    async def voices(self) -> list[InferredVoice]: ...


def voice_router(catalogue: Catalogue, readiness: Readiness, conversation_path: str) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["voice"], dependencies=[requires("voice")])

    @router.get("/voice/endpoints")
    async def endpoints(request: Request) -> Endpoints:
        """Everything that takes or gives speech. The voice conversation is a WebSocket: docs/protocol.md."""
        conversation = Endpoint(method="WEBSOCKET", path=conversation_path, summary="Voice conversation")
        return Endpoints(endpoints=[conversation, *_described(request.app.openapi())])

    @router.get("/voice/voices", responses=described(422, 502, 503, 504))
    async def voices(
        language: Annotated[
            str | None, Query(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z]+)*$", max_length=32)
        ] = None,
        gender: Annotated[Gender | None, Query()] = None,
    ) -> Voices:
        """The voices that the loaded engine can be asked for: `language` `ar` finds `ar-sa`, too."""
        listed = await catalogue.voices()
        kept = [each for each in listed if _speaks(each, language) and gender in (None, each.gender)]
        return Voices(voices=[Voice(**vars(each)) for each in kept])

    @router.get(
        "/health/voice", responses={503: {"model": VoiceHealth, "description": "A model does not answer"}}
    )
    async def health(response: Response) -> VoiceHealth:
        """Every model that a voice conversation needs answered a small real inference lately."""
        models = {model: state for model, state in readiness.snapshot().items() if model in MODELS}
        ready = all(state["ready"] for state in models.values())
        response.status_code = 200 if ready else 503
        return VoiceHealth(status="ok" if ready else "unavailable", models=models)

    return router


def _speaks(voice: InferredVoice, language: str | None) -> bool:
    wanted = (language or "").lower().replace("_", "-")
    return not wanted or f"{voice.language}-".startswith(f"{wanted}-")


def _described(schema: dict[str, Any]) -> Iterator[Endpoint]:
    for path, operations in schema["paths"].items():
        if path.startswith(_PATHS):
            for method, operation in operations.items():
                yield Endpoint(method=method.upper(), path=path, summary=operation.get("summary", ""))
