"""Transcripts at the same time, straight at the `whisper` model: how many windows it takes in a second."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import Clip
from orchestrator.errors import VoiceError
from orchestrator.inference import Transcription
from orchestrator.tensors import transcription_tensors

PADDED_SECONDS = 30.0
_DEADLINE_SECONDS = 120.0


class Models(Protocol):
    """Triton, as far as it is needed here."""

    async def infer(
        self, model: str, tensors: Mapping[str, NDArray[Any]], deadline_seconds: float
    ) -> dict[str, NDArray[Any]]: ...


@dataclass
class WindowLoad:
    """What `concurrency` requests at once did within `seconds`; one request is one window."""

    concurrency: int
    seconds: float = 0.0
    audio_seconds: float = 0.0
    latencies_seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def windows_per_second(self) -> float:
        return len(self.latencies_seconds) / self.seconds if self.seconds else 0.0

    @property
    def realtime_factor(self) -> float:
        """Seconds of speech transcribed in a second."""
        return self.audio_seconds / self.seconds if self.seconds else 0.0


def inputs(clip: Clip, *, padded: bool) -> dict[str, NDArray[Any]]:
    """An English clip decoded once: `padded` to 30 s as stock Whisper does, else in a window as the product asks."""
    audio = np.frombuffer(clip.pcm, "<i2").astype(np.float32) / np.float32(32_768)
    tensors = transcription_tensors(audio, Transcription("en", partial=True))
    window = {"WINDOW_SECONDS": np.array([[PADDED_SECONDS]], dtype=np.float32)} if padded else {}
    return {**tensors, **window}


async def transcribe(
    models: Models,
    clips: Sequence[Clip],
    concurrency: int,
    count: int,
    *,
    padded: bool,
    clock: Callable[[], float] = time.monotonic,
) -> WindowLoad:
    """`count` transcripts, `concurrency` at a time, of the clips one after the other."""
    load, began = WindowLoad(concurrency), clock()
    waiting = itertools.islice(itertools.cycle(clips), count)

    async def worker() -> None:
        for clip in waiting:
            sent = clock()
            try:
                await models.infer("whisper", inputs(clip, padded=padded), _DEADLINE_SECONDS)
            except VoiceError as error:
                load.failures.append(str(error))
                continue
            load.latencies_seconds.append(clock() - sent)
            load.audio_seconds += clip.seconds

    async with anyio.create_task_group() as workers:
        for _ in range(concurrency):
            workers.start_soon(worker)
    load.seconds = clock() - began
    return load
