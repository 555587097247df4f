"""OpenAI's `/v1/audio/speech`: text in, its audio out, streamed as it is synthesised."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.access.caller import requires
from orchestrator.api.openai_problems import described_openai
from orchestrator.api.spoken_answers import spoken_answer
from orchestrator.encoding import MEDIA_TYPES, AudioFormat
from orchestrator.errors import UnsupportedParameter
from orchestrator.inference import Synthesizer
from orchestrator.reading import read_aloud
from orchestrator.reply import Speech

Model = Literal["tts", "tts-1", "tts-1-hd"]
DEFAULT_VOICE = "default"

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Audio in `response_format`; the header `X-Voice` names the voice that speaks.",
        "content": {media_type: {} for media_type in MEDIA_TYPES.values()},
    },
    **described_openai(400, 502, 503, 504),
}


class VoiceId(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str


class SpeechRequest(BaseModel):
    """OpenAI's fields. `pcm` is 24 kHz, 16 bits, mono."""

    model_config = ConfigDict(extra="forbid")
    model: Model = Field(description="By any of these names: the model that is loaded.")
    input: str = Field(min_length=1, max_length=4096)
    voice: str | VoiceId = Field(
        description=f"One of `/api/v1/voice/voices`, or `{DEFAULT_VOICE}`. OpenAI's own voices are not here."
    )
    response_format: AudioFormat = "mp3"
    speed: float = Field(1.0, ge=0.5, le=2)
    instructions: str | None = Field(None, description="Refused: the voices take no instructions.")
    stream_format: Literal["audio"] = Field("audio", description="OpenAI's `sse` is not here.")

    def speech(self) -> Speech:
        """Raises: UnsupportedParameter."""
        if self.instructions:
            reason = "instructions: the voices speak as they are; choose another voice or speed"
            raise UnsupportedParameter(reason, field="instructions")
        voice = self.voice if isinstance(self.voice, str) else self.voice.id
        return Speech(None if voice == DEFAULT_VOICE else voice, None, self.speed)


def speech_router(synthesizer: Synthesizer) -> APIRouter:
    router = APIRouter(prefix="/v1/audio", tags=["audio (OpenAI)"], dependencies=[requires("voice")])

    @router.post("/speech", responses=_RESPONSES, response_model=None)
    async def speak(asked: SpeechRequest) -> Response:
        """The text read aloud; the first sentence is sent while the next is made."""
        chunks = read_aloud(synthesizer, asked.input, asked.speech())
        return await spoken_answer(chunks, asked.response_format, "input")

    return router
