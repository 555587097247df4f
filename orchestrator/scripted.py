"""The models' Protocols served from lists, for tests and demos: no Triton, no weights, no clock of its own.

Speech is anything loud enough, so a tone "speaks". Transcripts and replies come in the given order and the
last one repeats. Every call is recorded with how it ended, so that a test can say who closed a generation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import anyio
import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import InferenceError
from orchestrator.inference import PLAIN, Audio, Detection, Generation, SpeechChunk, Transcript, Transcription

Method = Literal["detect", "end_of_turn", "transcribe", "generate", "synthesize"]
Outcome = Literal["running", "finished", "closed", "failed"]
Item = TypeVar("Item")

FRAME_SAMPLES = 512
END_ID = 256  # one above the largest byte


def ids_of(text: str) -> list[int]:
    """Token ids of `text`: its UTF-8 bytes."""
    return list(text.encode())


def text_of(ids: Sequence[int]) -> str:
    """The text of `ids_of`; ids above a byte (the end) write nothing, a cut character becomes U+FFFD."""
    return bytes(token for token in ids if token < END_ID).decode(errors="replace")


@dataclass(frozen=True)
class Delays:
    """How long each step takes, in seconds."""

    detect: float = 0.0
    end_of_turn: float = 0.0
    transcribe: float = 0.0
    first_token: float = 0.0
    between_tokens: float = 0.0
    first_audio: float = 0.0
    between_audio: float = 0.0


@dataclass(frozen=True)
class Fault:
    """Call number `call` (from 0) of `method` fails after `after` items; `error` None: it hangs."""

    method: Method
    call: int
    error: InferenceError | None
    after: int = 0


@dataclass
class Call:
    """One call: what was asked, what it gave so far (one entry per item of a stream), and how it ended.

    `closed` means that its caller closed the generator or was cancelled before the end.
    """

    method: Method
    asked: dict[str, Any]
    gave: list[Any] = field(default_factory=list)
    outcome: Outcome = "running"


class Scripted:
    """`Inference` from lists.

    transcripts: texts, or a function of the audio (for partials that grow with it).
    replies: token ids of each reply, or a string for `ids_of` it; `max_tokens` cuts it.
    detections: speech probabilities frame by frame; None: 1 where a frame's RMS reaches `loudness`, else 0.
    finished: probabilities that the speaker has finished, in order; the last one repeats.
    Audio is a tone of `seconds_per_character` for each character of the text, in chunks of `chunk_seconds`.
    """

    def __init__(
        self,
        *,
        transcripts: Sequence[str | Transcript] | Callable[[Audio], str | Transcript] = ("hello",),
        replies: Sequence[str | Sequence[int]] = ("Hello.",),
        detections: Sequence[float] | None = None,
        loudness: float = 0.01,
        finished: Sequence[float] = (0.5,),
        language: str = "en",
        sample_rate: int = 16_000,
        seconds_per_character: float = 0.02,
        chunk_seconds: float = 0.2,
        delays: Delays | None = None,
        faults: Sequence[Fault] = (),
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.calls: list[Call] = []
        self._transcripts = transcripts
        self._replies = [ids_of(reply) if isinstance(reply, str) else list(reply) for reply in replies]
        self._detections = None if detections is None else iter(detections)
        self._loudness = loudness
        self._finished = finished
        self._language = language
        self._sample_rate = sample_rate
        self._seconds_per_character = seconds_per_character
        self._chunk_seconds = chunk_seconds
        self._delays = delays or Delays()
        self._faults = {(fault.method, fault.call): fault for fault in faults}
        self._sleep = sleep

    def of(self, method: Method) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def running(self) -> list[Call]:
        """Calls that have neither ended nor been closed: nothing may be left here when a session is over."""
        return [call for call in self.calls if call.outcome == "running"]

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        with self._call("detect", audio=audio, state=state) as (call, fault):
            await self._step(fault, 0, self._delays.detect)
            frames = audio.reshape(-1, FRAME_SAMPLES)
            loud = np.sqrt(np.mean(np.square(frames), axis=1)) >= self._loudness
            scripted = self._detections
            speech = loud if scripted is None else [next(scripted, 0.0) for _ in frames]
            call.gave.append(Detection(np.asarray(speech, dtype=np.float32), state + np.float32(len(frames))))
        return call.gave[0]  # type: ignore[no-any-return]

    async def end_of_turn(self, audio: Audio) -> float:
        with self._call("end_of_turn", audio=audio) as (call, fault):
            nth = len(self.of("end_of_turn")) - 1
            await self._step(fault, 0, self._delays.end_of_turn)
            call.gave.append(_nth_or_last(self._finished, nth))
        return call.gave[0]  # type: ignore[no-any-return]

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        with self._call("transcribe", audio=audio, **vars(asked)) as (call, fault):
            nth = len(self.of("transcribe")) - 1
            await self._step(fault, 0, self._delays.transcribe)
            script = self._transcripts
            said = script(audio) if callable(script) else _nth_or_last(script, nth)
            language = asked.language or self._language
            call.gave.append(Transcript(said, language) if isinstance(said, str) else said)
        return call.gave[0]  # type: ignore[no-any-return]

    async def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        with self._call("generate", generation=generation) as (call, fault):
            reply = _nth_or_last(self._replies, len(self.of("generate")) - 1)
            for index, token in enumerate(reply[: generation.sampling.max_tokens]):
                delay = self._delays.between_tokens if index else self._delays.first_token
                await self._step(fault, index, delay)
                call.gave.append([token])
                yield [token]
            await self._step(fault, len(call.gave), 0.0)

    async def synthesize(
        self,
        text: str,
        *,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        ahead_seconds: float = 0.0,
    ) -> AsyncGenerator[SpeechChunk, None]:
        asked = {"text": text, "voice": voice, "language": language, "speed": speed, "ahead": ahead_seconds}
        with self._call("synthesize", **asked) as (call, fault):
            for index, pcm in enumerate(self._speak(text, speed)):
                delay = self._delays.between_audio if index else self._delays.first_audio
                await self._step(fault, index, delay)
                call.gave.append(SpeechChunk(pcm, self._sample_rate, voice or "scripted"))
                yield call.gave[-1]
            await self._step(fault, len(call.gave), 0.0)

    @contextmanager
    def _call(self, method: Method, **asked: Any) -> Iterator[tuple[Call, Fault | None]]:
        fault = self._faults.get((method, len(self.of(method))))
        call = Call(method, asked)
        self.calls.append(call)
        try:
            yield call, fault
        except Exception:
            call.outcome = "failed"
            raise
        except BaseException:  # GeneratorExit or the cancellation
            call.outcome = "closed"
            raise
        call.outcome = "finished"

    async def _step(self, fault: Fault | None, given: int, seconds: float) -> None:
        await self._sleep(seconds)
        if fault is None or given < fault.after:
            return
        if fault.error is None:
            await anyio.sleep_forever()
        else:
            raise fault.error

    def _speak(self, text: str, speed: float) -> Iterator[bytes]:
        if not any(character.isalnum() for character in text):
            return
        n_samples = round(len(text) * self._seconds_per_character / speed * self._sample_rate)
        seconds = np.arange(n_samples) / self._sample_rate
        tone = np.rint(8_000 * np.sin(2 * np.pi * 440 * seconds)).astype("<i2")
        chunk_samples = round(self._chunk_seconds * self._sample_rate)
        for start in range(0, n_samples, chunk_samples):
            yield tone[start : start + chunk_samples].tobytes()


def _nth_or_last(items: Sequence[Item], n: int) -> Item:
    return items[min(n, len(items) - 1)]
