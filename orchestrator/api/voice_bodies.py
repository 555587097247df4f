"""What `/api/v1/voice` takes and answers: recordings, transcripts, spoken texts and turns."""

from __future__ import annotations

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.api.transcription_requests import UPLOAD_HELP, known_language
from orchestrator.config import SessionSettings
from orchestrator.encoding import AudioFormat

VOICE_NAME = r"^[A-Za-z0-9_-]{1,64}$"


class TranscribeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    file: UploadFile = Field(description=UPLOAD_HELP)
    language: str = Field("auto", description="ISO 639-1, or `auto`: detected.")
    prompt: str = Field("", max_length=4000, description="Words and names that may occur.")


class Passage(BaseModel):
    """Times in seconds of the recording."""

    text: str
    start: float
    end: float


class Transcript(BaseModel):
    """`language` is null where nothing was said."""

    text: str
    language: str | None
    duration_seconds: float
    passages: list[Passage]


class SynthesizeRequest(BaseModel):
    """`voice` null: one that speaks `language`; neither: the default voice. `pcm` is 24 kHz, 16 bits, mono."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=20_000)
    voice: str | None = Field(None, pattern=VOICE_NAME)
    language: str = "auto"
    speed: float = Field(1.0, ge=0.5, le=2)
    format: AudioFormat = "wav"


class Spoken(BaseModel):
    """`audio`: a WAV in base64, 16-bit mono at `sample_rate` Hz."""

    audio: str
    sample_rate: int
    duration_ms: float
    voice: str


class TurnRequest(BaseModel):
    """`session_id` goes on with a conversation; without one a new conversation is begun, whose id is in the answer."""

    model_config = ConfigDict(extra="forbid")
    file: UploadFile = Field(description=UPLOAD_HELP)
    session_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    language: str = "auto"
    voice: str | None = Field(None, pattern=VOICE_NAME)
    speed: float = Field(1.0, ge=0.5, le=2)

    def settings(self, defaults: SessionSettings) -> SessionSettings:
        """Raises: BadSetting."""
        asked = {"language": known_language(self.language), "voice": self.voice}
        changes = {name: value for name, value in asked.items() if value is not None}
        return defaults.merged({**changes, "speed": self.speed})


class Turn(Spoken):
    session_id: str
    transcript: str
    language: str
    reply: str
