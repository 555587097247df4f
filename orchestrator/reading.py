"""A text read aloud, sentence by sentence, as it is synthesised; all of the audio has one sample rate."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from orchestrator.audio import Resampler, audio_to_pcm16, pcm16_to_audio
from orchestrator.inference import SpeechChunk, Synthesizer
from orchestrator.reply import Speech
from orchestrator.sentences import Sentences


async def read_aloud(
    synthesizer: Synthesizer, text: str, speech: Speech
) -> AsyncGenerator[SpeechChunk, None]:
    """The audio of `text` as it is made; nothing where there is nothing to say.

    Raises:
        InferenceError: the voice is unknown or failed.
    """
    sentences = Sentences()
    rate_hz = 0
    for piece in [*sentences.push(text), *sentences.flush()]:
        spoken = synthesizer.synthesize(
            piece, voice=speech.voice, language=speech.language, speed=speech.speed
        )
        async with aclosing(spoken) as chunks:
            async for chunk in chunks:
                rate_hz = rate_hz or chunk.sample_rate
                yield at_rate(chunk, rate_hz)


def at_rate(chunk: SpeechChunk, rate_hz: int) -> SpeechChunk:
    """The chunk at that rate: a voice that takes over from another may have one of its own."""
    if chunk.sample_rate == rate_hz:
        return chunk
    resampler = Resampler(chunk.sample_rate, rate_hz)
    pieces = (resampler.push(pcm16_to_audio(chunk.pcm)), resampler.flush())
    return replace(chunk, pcm=b"".join(map(audio_to_pcm16, pieces)), sample_rate=rate_hz)
