"""What OpenAI's clients ask of transcriptions and translations: typed, and refused by name where it cannot be done."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.api.transcription_answers import Format, Granularity
from orchestrator.errors import BadSetting, UnsupportedParameter
from orchestrator.inference import Transcription
from orchestrator.languages import AUTO, LANGUAGES

Model = Literal["whisper", "whisper-1"]
UPLOAD_HELP = "WAV, MP3, M4A, MP4, WebM, Ogg, FLAC, AAC or AIFF, at most 64 MiB."
_REFUSED = {
    "include": "log probabilities of words are not given; `verbose_json` has the average of each segment",
    "known_speaker_names": "speakers are not told apart",
    "known_speaker_references": "speakers are not told apart",
    "keywords": "put the words that may occur into `prompt`",
    "languages": "name one in `language`, or none: it is detected",
}


class TranslationRequest(BaseModel):
    """OpenAI's fields of a translation; those of a transcription come on top."""

    model_config = ConfigDict(extra="forbid")
    file: UploadFile = Field(description=UPLOAD_HELP)
    model: Model = Field(description="By either name: the Whisper model that is loaded.")
    prompt: str = Field("", max_length=4000, description="Words and names that may occur; how to spell.")
    response_format: Format = "json"
    temperature: float = Field(
        0.0, ge=0, le=1, description="0: the likeliest words, tried again where doubted."
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_by_name(cls, asked: dict[str, Any]) -> dict[str, Any]:
        for name, reason in _REFUSED.items():
            if name in asked or f"{name}[]" in asked:
                raise UnsupportedParameter(f"{name}: {reason}", field=name)
        return asked

    @property
    def timed(self) -> bool:
        """Whether the times of the words are needed."""
        return self.response_format not in ("json", "text")

    def wish(self) -> Transcription:
        return Transcription(
            None,
            prompt=self.prompt,
            temperature=self.temperature,
            task="translate",
            word_timestamps=self.timed,
        )


class TranscriptionRequest(TranslationRequest):
    """OpenAI's fields of a transcription."""

    language: str = Field("", description="ISO 639-1; empty or `auto`: detected.")
    timestamp_granularities: list[Granularity] = Field(
        ["segment"], alias="timestamp_granularities[]", description="Only with `verbose_json`."
    )
    stream: bool = Field(
        False, description="Server-sent events, one for each passage. With `json` or `text`."
    )
    chunking_strategy: Literal["auto"] = Field("auto", description="Recordings are always cut at silences.")

    def wish(self) -> Transcription:
        """Raises: BadSetting, UnsupportedParameter."""
        self._check_timestamps()
        if self.stream and self.timed:
            reason = f"stream: not with response_format {self.response_format}; use json or text"
            raise UnsupportedParameter(reason, field="stream")
        return Transcription(
            known_language(self.language),
            prompt=self.prompt,
            temperature=self.temperature,
            word_timestamps=self.timed,
        )

    def _check_timestamps(self) -> None:
        if "word" in self.timestamp_granularities and self.response_format != "verbose_json":
            raise UnsupportedParameter(
                "timestamp_granularities: only with response_format verbose_json",
                field="timestamp_granularities",
            )


def known_language(asked: str) -> str | None:
    """The code to ask the model for, None to detect it. Raises: BadSetting for one that Whisper does not know."""
    language = asked.strip().lower()
    if language in ("", AUTO):
        return None
    if language not in LANGUAGES:
        raise BadSetting(
            f"language: {asked!r} is no code of Whisper's; send one such as en, ar, de", field="language"
        )
    return language
