"""Who may use the models first: final transcripts, first pieces, partials, the rest of a reply, last of all uploads.

Triton's own priorities stall (docs/log.md), so the order is kept here, by when a call may begin: what is urgent begins
at once, what is not waits while anything urgent runs. Voice detection passes by it all. Nothing waits without a bound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, nullcontext

import anyio
import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import InferenceOverloaded
from orchestrator.inference import (
    PLAIN,
    Audio,
    Detection,
    Detector,
    Generation,
    Inference,
    SpeechChunk,
    Transcript,
    Transcription,
)

PARTIAL_PATIENCE_SECONDS = 1.0
AHEAD_PATIENCE_SECONDS = 2.0
"""What nobody waits for is begun after so long, whatever else runs."""
FIRST_PIECE_TOKENS = 16
"""A first piece is mostly written with so many; until then a listener waits for them in silence."""
SYNTHESIS_SECONDS = 0.5
"""A piece is begun when the listener has no more audio than this, whatever else runs."""
_IDLE_CHECK_SECONDS = 0.02
_TOO_BUSY = "live conversations leave no moment for this request; try again in a few seconds"


class Priorities:
    """Counts what runs in the process, and lets others wait for it. All of it in one event loop."""

    def __init__(self, partials_at_once: int) -> None:
        self._partials_at_once = partials_at_once
        self._urgent = 0
        self._partials = 0
        self._waiting_partials: deque[anyio.Event] = deque()
        self._quiet = anyio.Event()
        self._quiet.set()
        self._background = anyio.Lock()

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """A final transcript, or what leads to a listener's next audio, runs."""
        self._urgent += 1
        if self._urgent == 1:
            self._quiet = anyio.Event()
        try:
            yield
        finally:
            self._urgent -= 1
            if not self._urgent:
                self._quiet.set()
                self._admit_partials()

    @asynccontextmanager
    async def partial(self, patience_seconds: float) -> AsyncIterator[None]:
        """A partial transcript: in turn, so many at once, and none beside anything urgent.

        Raises:
            InferenceOverloaded: its turn did not come in time; a newer one says more.
        """
        admitted = anyio.Event()
        self._waiting_partials.append(admitted)
        self._admit_partials()
        try:
            if not admitted.is_set():
                with anyio.move_on_after(patience_seconds):
                    await admitted.wait()
            if not admitted.is_set():
                raise InferenceOverloaded("whisper has more urgent work than a partial transcript")
            yield
        finally:
            self._leave(admitted)

    async def when_quiet(self, patience_seconds: float) -> None:
        """Wait until nothing urgent runs, at most `patience_seconds`."""
        with anyio.move_on_after(patience_seconds):
            while self._urgent:
                await self._quiet.wait()

    @asynccontextmanager
    async def background(self, patience_seconds: float) -> AsyncIterator[None]:
        """Work that no live turn waits for: one at a time, begun while nothing urgent and no partial runs.

        Raises:
            InferenceOverloaded: there was no such moment within `patience_seconds`.
        """
        try:
            with anyio.fail_after(patience_seconds):
                await self._background.acquire()
        except TimeoutError:
            raise InferenceOverloaded(_TOO_BUSY) from None
        try:
            await self._until_idle(patience_seconds)
            yield
        finally:
            self._background.release()

    async def _until_idle(self, patience_seconds: float) -> None:
        try:
            with anyio.fail_after(patience_seconds):
                while self._urgent or self._partials or self._waiting_partials:
                    await self._quiet.wait()
                    await anyio.sleep(_IDLE_CHECK_SECONDS if self._partials else 0)
        except TimeoutError:
            raise InferenceOverloaded(_TOO_BUSY) from None

    def _admit_partials(self) -> None:
        while self._waiting_partials and not self._urgent and self._partials < self._partials_at_once:
            self._partials += 1
            self._waiting_partials.popleft().set()

    def _leave(self, partial: anyio.Event) -> None:
        if partial.is_set():
            self._partials -= 1
            self._admit_partials()
        else:
            self._waiting_partials.remove(partial)


class Prioritised:
    """`inference.Inference` whose calls wait for more urgent ones of any session."""

    def __init__(
        self,
        models: Inference,
        detector: Detector,
        priorities: Priorities,
        *,
        partial_patience_seconds: float = PARTIAL_PATIENCE_SECONDS,
    ) -> None:
        self._models = models
        self._detector = detector
        self._priorities = priorities
        self._partial_patience_seconds = partial_patience_seconds

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        return await self._detector.detect(audio, state)

    async def end_of_turn(self, audio: Audio) -> float:
        with self._priorities.urgent():
            return await self._models.end_of_turn(audio)

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        """Raises InferenceOverloaded, too, for a partial whose turn does not come in time."""
        if asked.urgent or not asked.partial:
            with self._priorities.urgent():
                return await self._models.transcribe(audio, asked)
        async with self._priorities.partial(self._partial_patience_seconds):
            return await self._models.transcribe(audio, asked)

    async def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        """Urgent until a first piece is written, unless nobody waits for it."""
        written = 0
        if generation.ahead:
            await self._priorities.when_quiet(AHEAD_PATIENCE_SECONDS)
        async with aclosing(self._models.generate(generation)) as stream:
            with nullcontext() if generation.ahead else self._priorities.urgent():
                while written < FIRST_PIECE_TOKENS and (ids := await anext(stream, None)) is not None:
                    written += len(ids)
                    yield ids
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
        """Urgent until its first audio where the listener has less than `SYNTHESIS_SECONDS` ahead: a first piece."""
        patience_seconds = ahead_seconds - SYNTHESIS_SECONDS
        if patience_seconds > 0:
            await self._priorities.when_quiet(patience_seconds)
        stream = self._models.synthesize(
            text, voice=voice, language=language, speed=speed, ahead_seconds=ahead_seconds
        )
        async with aclosing(stream):
            with self._priorities.urgent() if patience_seconds <= 0 else nullcontext():
                first = await anext(stream, None)
            if first is not None:
                yield first
                async for chunk in stream:
                    yield chunk
