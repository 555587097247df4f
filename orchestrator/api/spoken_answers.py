"""Synthesised speech as the body of an answer, sent as it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.responses import StreamingResponse

from orchestrator.encoding import MEDIA_TYPES, AudioFormat, encoder_for
from orchestrator.errors import BadSetting, InferenceRefused
from orchestrator.inference import SpeechChunk

NOTHING_TO_SAY = "there is nothing to say in it: no letter and no digit"


async def spoken_answer(
    chunks: AsyncGenerator[SpeechChunk, None], audio_format: AudioFormat, field: str
) -> StreamingResponse:
    """The answer, once the first audio is there: what the voice refuses is told with a status.

    Raises:
        BadSetting: there is no audio; `field` is to blame.
        InferenceError: the voice is unknown or failed before its first audio.
    """
    first = await _first(chunks)
    if first is None:
        raise BadSetting(f"{field}: {NOTHING_TO_SAY}", field=field)
    headers = {"X-Voice": first.voice}
    return StreamingResponse(_encoded(first, chunks, audio_format), 200, headers, MEDIA_TYPES[audio_format])


async def _first(chunks: AsyncGenerator[SpeechChunk, None]) -> SpeechChunk | None:
    try:
        return await anext(chunks, None)
    except InferenceRefused as error:
        error.field = "voice" if "VOICE" in str(error) else None
        raise


async def _encoded(
    first: SpeechChunk, rest: AsyncGenerator[SpeechChunk, None], audio_format: AudioFormat
) -> AsyncGenerator[bytes, None]:
    encoder = encoder_for(audio_format, first.sample_rate)
    async with aclosing(rest):
        yield encoder.push(first.pcm)
        async for chunk in rest:
            yield encoder.push(chunk.pcm)
    yield encoder.flush()
