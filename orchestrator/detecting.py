"""Voice detection for all sessions of a process: what they ask within one tick rides in one request.

A frame goes at once when the last request began a tick ago or more and was answered, so a lone session never waits.
Otherwise it waits for both: a slow detector makes larger batches, not a longer queue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import groupby
from types import TracebackType
from typing import Protocol

import anyio
import numpy as np
from anyio.abc import TaskGroup
from numpy.typing import NDArray

from orchestrator.audio import FRAME_SAMPLES
from orchestrator.errors import BackendLost, InferenceError, InferenceOverloaded, InferenceRefused
from orchestrator.inference import Audio, Detection

log = logging.getLogger(__name__)

TICK_SECONDS = 0.020
MAX_ROWS = 64
"""As `max_batch_size` of the `vad` model."""

MAX_FRAMES = 32
"""About a second of audio. A recording sent at once goes in such pieces, so that it holds up nobody's live frame."""


class BatchDetector(Protocol):
    async def detect_batch(
        self, audio: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Audio (n_rows, n·512) and states (n_rows, 320) -> probabilities (n_rows, n), states (n_rows, 320)."""
        ...


class _Call:
    """One piece of one session's audio, and in the end its answer."""

    def __init__(self, audio: Audio, state: NDArray[np.float32]) -> None:
        self.audio = audio
        self.state = state
        self.answer: Detection | InferenceError | None = None
        self.answered = anyio.Event()

    def end(self, answer: Detection | InferenceError) -> None:
        """The first answer counts."""
        self.answer = self.answer or answer
        self.answered.set()


class SharedDetector:
    """`inference.Detector` for many callers; an async context manager that owns what it has running.

    A caller that is cancelled disturbs nobody. A refused batch is asked again row by row, so that only the caller whose
    audio is at fault is told; any other error goes to all of its batch. The deadline is that of `detect_batch`: a call
    may wait it out twice, for the request before it and for its own.
    """

    def __init__(
        self,
        detector: BatchDetector,
        *,
        tick_seconds: float = TICK_SECONDS,
        max_waiting: int = 4096,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._detector = detector
        self._tick_seconds = tick_seconds
        self._max_waiting = max_waiting
        self._clock = clock
        self._sleep = sleep
        self._waiting: list[_Call] = []
        self._arrived = anyio.Event()
        self._tasks: TaskGroup

    async def __aenter__(self) -> SharedDetector:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        """Speech probability of every frame of `audio` (n·512 samples, n ≥ 1), given the state after what came before.

        Raises:
            InferenceOverloaded: too many callers wait.
            InferenceError: as `detect_batch` does.
        """
        if len(audio) <= MAX_FRAMES * FRAME_SAMPLES:
            return await self._ask(audio, state)
        probabilities = []
        for start in range(0, len(audio), MAX_FRAMES * FRAME_SAMPLES):
            detection = await self._ask(audio[start : start + MAX_FRAMES * FRAME_SAMPLES], state)
            probabilities.append(detection.probabilities)
            state = detection.state
        return Detection(np.concatenate(probabilities), state)

    async def _ask(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        if len(self._waiting) >= self._max_waiting:
            raise InferenceOverloaded("vad has too much to do; try again in a few seconds")
        call = _Call(audio, state)
        self._waiting.append(call)
        self._arrived.set()
        try:
            await call.answered.wait()
        finally:
            if call in self._waiting:
                self._waiting.remove(call)
        if isinstance(call.answer, InferenceError):
            raise type(call.answer)(str(call.answer)) from call.answer
        assert call.answer is not None
        return call.answer

    async def _run(self) -> None:
        sent_at = self._clock() - self._tick_seconds
        try:
            while True:
                await self._arrived.wait()
                rest_seconds = sent_at + self._tick_seconds - self._clock()
                if rest_seconds > 0:
                    await self._sleep(rest_seconds)
                calls, self._waiting, self._arrived = self._waiting, [], anyio.Event()
                sent_at = self._clock()
                await self._answer(calls)
        finally:
            _end(self._waiting, BackendLost("the service stops; connect again"))

    async def _answer(self, calls: Sequence[_Call]) -> None:
        batches = list(_batches(calls))
        if len(batches) == 1:  # nearly always; a task group costs as much as the rest of this module
            await self._send(batches[0])
            return
        async with anyio.create_task_group() as tasks:
            for batch in batches:
                tasks.start_soon(self._send, batch)

    async def _send(self, batch: Sequence[_Call]) -> None:
        try:
            probabilities, states = await self._detector.detect_batch(
                np.stack([call.audio for call in batch]), np.stack([call.state for call in batch])
            )
            for row, call in enumerate(batch):
                call.end(Detection(probabilities[row], states[row]))
        except InferenceRefused as error:
            await self._send_apart(batch, error)
        except InferenceError as error:
            _end(batch, error)
        except Exception:
            log.exception("voice detection broke")
            _end(batch, InferenceError("vad broke inside the server; its log says why"))
        finally:
            _end(batch, BackendLost("the service stops; connect again"))

    async def _send_apart(self, batch: Sequence[_Call], error: InferenceRefused) -> None:
        if len(batch) == 1:
            batch[0].end(error)
            return
        for call in batch:
            await self._send([call])


def _end(calls: Sequence[_Call], error: InferenceError) -> None:
    for call in calls:
        call.end(error)


def _batches(calls: Sequence[_Call]) -> Iterator[list[_Call]]:
    """The calls by length, at most `MAX_ROWS` together."""
    for _, group in groupby(
        sorted(calls, key=lambda call: len(call.audio)), key=lambda call: len(call.audio)
    ):
        same = list(group)
        for start in range(0, len(same), MAX_ROWS):
            yield same[start : start + MAX_ROWS]
