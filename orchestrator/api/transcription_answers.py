"""The answers to transcriptions in OpenAI's formats: JSON, verbose JSON, text, SubRip and WebVTT."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel
from starlette.responses import JSONResponse, PlainTextResponse, Response

from orchestrator.inference import Task
from orchestrator.languages import NAMES
from orchestrator.uploads.captions import Caption, captions, joined, shown_word, subrip, webvtt
from orchestrator.uploads.transcription import Passage

Format = Literal["json", "text", "srt", "verbose_json", "vtt"]
Granularity = Literal["word", "segment"]

_SEGMENTS: tuple[Granularity, ...] = ("segment",)
_MEDIA_TYPES = {"srt": "application/x-subrip", "vtt": "text/vtt"}


class Usage(BaseModel):
    """How much audio was listened to."""

    type: Literal["duration"] = "duration"
    seconds: float


class Json(BaseModel):
    text: str
    usage: Usage


class TimedWord(BaseModel):
    word: str
    start: float
    end: float


class Segment(BaseModel):
    """A sentence. The measures of confidence are those of the window that it was heard in; `tokens` is always empty."""

    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int] = []
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class VerboseJson(BaseModel):
    """`language` by its English name; `duration` in seconds."""

    task: Task
    language: str
    duration: float
    text: str
    segments: list[Segment] | None = None
    words: list[TimedWord] | None = None
    usage: Usage


@dataclass(frozen=True)
class Transcribed:
    """What was said in a recording of `seconds`; `language` is the one that was asked for."""

    passages: Sequence[Passage]
    seconds: float
    task: Task
    language: str | None

    @property
    def text(self) -> str:
        return joined(self.passages)

    @property
    def written_language(self) -> str:
        """The English name of the language of the text; empty where nothing was said and none was asked for."""
        if self.task == "translate":
            return NAMES["en"]
        code = self.language or next((passage.language for passage in self.passages), "")
        return NAMES.get(code, code)


def written(
    transcription: Transcribed, answer_format: Format, granularities: Collection[Granularity] = _SEGMENTS
) -> Response:
    """The answer in the format that was asked for."""
    match answer_format:
        case "json":
            usage = Usage(seconds=round(transcription.seconds, 3))
            return JSONResponse(Json(text=transcription.text, usage=usage).model_dump())
        case "verbose_json":
            verbose = _verbose(transcription, granularities)
            return JSONResponse(verbose.model_dump(exclude_none=True))
        case "text":
            return PlainTextResponse(transcription.text + "\n")
    file = (subrip if answer_format == "srt" else webvtt)(captions(transcription.passages))
    return PlainTextResponse(file, media_type=_MEDIA_TYPES[answer_format])


def _verbose(transcription: Transcribed, granularities: Collection[Granularity]) -> VerboseJson:
    sentences = enumerate(captions(transcription.passages))
    words = [shown_word(word) for passage in transcription.passages for word in passage.words]
    seconds = round(transcription.seconds, 3)
    return VerboseJson(
        task=transcription.task,
        language=transcription.written_language,
        duration=seconds,
        text=transcription.text,
        segments=[_segment(n, each) for n, each in sentences] if "segment" in granularities else None,
        words=[TimedWord(word=word.text, start=word.start, end=word.end) for word in words if word.text]
        if "word" in granularities
        else None,
        usage=Usage(seconds=seconds),
    )


def _segment(n: int, sentence: Caption) -> Segment:
    passage, encoded = sentence.passage, sentence.text.encode()
    return Segment(
        id=n,
        seek=round(passage.start * 100),
        start=round(sentence.start, 3),
        end=round(sentence.end, 3),
        text=sentence.text,
        temperature=passage.temperature,
        avg_logprob=passage.average_log_probability,
        compression_ratio=round(len(encoded) / len(zlib.compress(encoded)), 4),
        no_speech_prob=passage.no_speech_probability,
    )
