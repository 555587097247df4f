"""The models for requests that nobody waits for in a conversation: every call goes after all live turns.

One piece of such work runs at a time in the process, and it begins while no live turn needs a model. A piece is short
(a window of a recording, a sentence of speech), so that a turn which comes meanwhile waits for no more than that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.inference import (
    PLAIN,
    Audio,
    Detection,
    Detector,
    Generation,
    Generator,
    SpeechChunk,
    Synthesizer,
    Transcriber,
    Transcript,
    Transcription,
    Voice,
)
from orchestrator.priorities import Priorities

PATIENCE_SECONDS = 30.0


class Models(Transcriber, Generator, Synthesizer, Protocol):
    """What `Unhurried` asks; `triton.TritonInference` is one."""

    async def voices(self) -> list[Voice]: ...


class Unhurried:
    """Each call raises InferenceOverloaded where live turns leave it no moment within `patience_seconds`."""

    def __init__(
        self,
        models: Models,
        detector: Detector,
        priorities: Priorities,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._models = models
        self._detector = detector
        self._priorities = priorities
        self._patience_seconds = patience_seconds

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        """As for live audio: the detector's batches take it in without making others wait."""
        return await self._detector.detect(audio, state)

    async def voices(self) -> list[Voice]:
        return await self._models.voices()

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        async with self._priorities.background(self._patience_seconds):
            return await self._models.transcribe(audio, asked)

    async def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        """Waits for its moment to begin; the engine then writes it beside other replies."""
        async with self._priorities.background(self._patience_seconds):
            pass
        async with aclosing(self._models.generate(generation)) as stream:
            async for ids in stream:
                yield ids

    async def synthesize(
        self,
        text: str,
        *,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        ahead_seconds: float = 0.0,
    ) -> AsyncGenerator[SpeechChunk, None]:
        """The audio of `text`, a sentence, once all of it is made: a slow reader must not hold up others."""
        async with self._priorities.background(self._patience_seconds):
            stream = self._models.synthesize(
                text, voice=voice, language=language, speed=speed, ahead_seconds=ahead_seconds
            )
            async with aclosing(stream):
                chunks = [chunk async for chunk in stream]
        for chunk in chunks:
            yield chunk
