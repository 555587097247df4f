"""OpenAI's `/v1/audio/transcriptions` and `/v1/audio/translations`: recordings in, their words out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from starlette.responses import StreamingResponse

from orchestrator.access.caller import Caller, requires
from orchestrator.api.openai_problems import described_openai, openai_problem
from orchestrator.api.transcription_answers import Json, Transcribed, VerboseJson, written
from orchestrator.api.transcription_events import TextDelta, TextDone, event
from orchestrator.api.transcription_requests import TranscriptionRequest, TranslationRequest
from orchestrator.errors import VoiceError
from orchestrator.inference import Transcription
from orchestrator.uploads.captions import joined
from orchestrator.uploads.transcription import Passage, Scribe

_TEXTS: dict[str, Any] = {"text/plain": {}, "application/x-subrip": {}, "text/vtt": {}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": VerboseJson | Json,
        "description": "In the `response_format` asked for.",
        "content": _TEXTS,
    },
    **described_openai(400, 413, 502, 503, 504),
}
_STREAMED: dict[int | str, dict[str, Any]] = {
    **_RESPONSES,
    200: {**_RESPONSES[200], "content": {**_TEXTS, "text/event-stream": {}}},
}


def transcriptions_router(scribe: Scribe) -> APIRouter:
    router = APIRouter(prefix="/v1/audio", tags=["audio (OpenAI)"])

    @router.post("/transcriptions", responses=_STREAMED, response_model=None)
    async def transcribe(
        asked: Annotated[TranscriptionRequest, Form(media_type="multipart/form-data")],
        caller: Annotated[Caller, requires("voice")],
    ) -> Response:
        """The words in a recording of any common format, in the language that is spoken."""
        count = caller.add_audio
        if asked.stream:
            return await _streamed(scribe, asked, count)
        transcription = await _transcribed(scribe, asked, asked.wish(), count)
        return written(transcription, asked.response_format, asked.timestamp_granularities)

    @router.post("/translations", responses=_RESPONSES, response_model=None)
    async def translate(
        asked: Annotated[TranslationRequest, Form(media_type="multipart/form-data")],
        caller: Annotated[Caller, requires("voice")],
    ) -> Response:
        """The words in a recording of any language, in English. A Whisper that knows only English refuses."""
        transcription = await _transcribed(scribe, asked, asked.wish(), caller.add_audio)
        return written(transcription, asked.response_format)

    return router


async def _transcribed(
    scribe: Scribe,
    asked: TranscriptionRequest | TranslationRequest,
    wish: Transcription,
    count: Callable[[float], None],
) -> Transcribed:
    async with scribe.opened(asked.file.file) as audio:
        stream = scribe.passages(audio, wish, count)
        async with aclosing(stream):
            passages = [passage async for passage in stream]
    return Transcribed(passages, audio.seconds, wish.task, wish.language)


async def _streamed(scribe: Scribe, asked: TranscriptionRequest, count: Callable[[float], None]) -> Response:
    """Begun before it is answered, so that what is no recording is refused with a status."""
    wish = asked.wish()
    events = _events(scribe, asked, wish, count)
    first = await anext(events)

    async def all_events() -> AsyncGenerator[str, None]:
        async with aclosing(events):
            yield first
            async for each in events:
                yield each

    return StreamingResponse(all_events(), media_type="text/event-stream")


async def _events(
    scribe: Scribe, asked: TranscriptionRequest, wish: Transcription, count: Callable[[float], None]
) -> AsyncGenerator[str, None]:
    passages: list[Passage] = []
    told = ""
    async with scribe.opened(asked.file.file) as audio:
        yield ": listening\n\n"
        try:
            async with aclosing(scribe.passages(audio, wish, count)) as stream:
                async for passage in stream:
                    passages.append(passage)
                    text = joined(passages)
                    yield event(TextDelta(delta=text[len(told) :]))
                    told = text
        except VoiceError as error:
            yield event(openai_problem(error.status, str(error), code=error.code, param=error.field))
            return
    yield event(TextDone(text=told))
