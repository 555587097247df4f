"""One reply and what is said over it, in real time: a microphone, a loudspeaker, and the room that joins them."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
import numpy as np

from benchmarks.overlap_cases import Audio, OverlapCase
from client.conversation import SAMPLE_RATE, Conversation, Opening
from client.errors import ConnectionLost
from client.events import Duck, Event, ResponseDone, Unduck, VoiceResponse
from client.pacing import CHUNK_MS, in_real_time, silence
from orchestrator.audio import Resampler, pcm16_to_audio

SETTINGS = {
    "system_prompt": "You are a helpful voice assistant. Answer at length, in many sentences.",
    "generation": {"temperature": 0, "top_k": 1, "top_p": None, "max_tokens": 220},
}
_CHUNK_SAMPLES = SAMPLE_RATE * CHUNK_MS // 1000
_REPORT_CHUNKS = 12
OVERLAP_AT_S = 1.5  # after the reply's first sound
AFTER_OVERLAP_S = 2.5
_PATIENCE_S = 45.0
DUCKED_GAIN = 0.25
_ROOM_TONE = 0.0008


class Loudspeaker:
    """Plays the reply as a client does, one microphone chunk at a time."""

    def __init__(self) -> None:
        self._queue: Audio = np.zeros(0, np.float32)
        self._resampler: Resampler | None = None
        self.played: list[Audio] = []
        self.gain = 1.0

    @property
    def played_ms(self) -> float:
        return 1000 * sum(map(len, self.played)) / SAMPLE_RATE

    @property
    def is_empty(self) -> bool:
        return not len(self._queue)

    def add(self, chunk: VoiceResponse) -> None:
        self._resampler = self._resampler or Resampler(chunk.sample_rate, SAMPLE_RATE)
        self._queue = np.concatenate([self._queue, self._resampler.push(pcm16_to_audio(chunk.pcm))])

    def drop(self) -> None:
        self._queue = self._queue[:0]

    def pull(self) -> Audio:
        """What sounds in the next 20 ms, float32 [320]."""
        now, self._queue = self._queue[:_CHUNK_SAMPLES], self._queue[_CHUNK_SAMPLES:]
        if len(now):
            self.played.append(now)
        return np.pad(now, (0, _CHUNK_SAMPLES - len(now))) * np.float32(self.gain)


@dataclass
class Outcome:
    """What became of one reply; times are on the microphone's clock, in seconds.

    Attributes:
        began_at_s: when the reply's first audio came.
        overlap_at_s: when the case's first sample was spoken.
        ducks: how often the server asked for a quieter reply.
        done: the reply's `response_done`; None where the benchmark ended it.
    """

    case: OverlapCase
    speaker: Loudspeaker = field(default_factory=Loudspeaker)
    turn: int | None = None
    began_at_s: float | None = None
    overlap_at_s: float | None = None
    ducks: int = 0
    done_at_s: float | None = None
    done: ResponseDone | None = None

    @property
    def interrupted(self) -> bool:
        return self.done is not None and self.done.reason == "interrupted"

    @property
    def heard(self) -> Audio:
        """What was played of the reply, float32 [n_samples]."""
        return np.concatenate([np.zeros(0, np.float32), *self.speaker.played])

    @property
    def interrupted_after_ms(self) -> float | None:
        """From the end of the first word to the end of the reply."""
        if not self.interrupted or self.overlap_at_s is None or self.case.first_word_end_s is None:
            return None
        assert self.done_at_s is not None
        return 1000 * (self.done_at_s - self.overlap_at_s - self.case.first_word_end_s)


class OverlapSession:
    """One connection, one question, one reply with `case` over it, and `echo_gain` of the reply in the microphone."""

    def __init__(self, url: str, case: OverlapCase, question: str, echo_gain: float = 0.0) -> None:
        self._conversation = Conversation(url, Opening(language="en"))
        self._question = question
        self._echo_gain = echo_gain
        self._delayed: list[Audio] = [
            np.zeros(_CHUNK_SAMPLES, np.float32)
        ] * 6  # 120 ms through the air and buffers
        self._random = np.random.default_rng(0)
        self._left = case.audio
        self._outcome = Outcome(case)

    async def run(self) -> Outcome:
        """Ask, speak over the answer, and wait for what happens."""
        async with self._conversation as conversation:
            await conversation.configure(SETTINGS)
            await conversation.send_text(self._question)
            with anyio.move_on_after(_PATIENCE_S):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._listen)
                    await self._live()
                    tasks.cancel_scope.cancel()
        return self._outcome

    async def _live(self) -> None:
        """The microphone, until it is certain what becomes of the reply."""
        chunks = 0
        async for _ in in_real_time(silence(_CHUNK_SAMPLES)):
            now = time.monotonic()
            await self._conversation.send_audio(self._microphone(now))
            chunks += 1
            if chunks % _REPORT_CHUNKS == 0 and self._outcome.turn is not None:
                await self._conversation.report_playback(self._outcome.turn, self._outcome.speaker.played_ms)
            if self._is_over(now):
                return

    def _microphone(self, now: float) -> bytes:
        """The next 20 ms of the room: its tone, the loudspeaker, and what is said over it."""
        self._delayed.append(self._outcome.speaker.pull() * np.float32(self._echo_gain))
        tone = self._random.standard_normal(_CHUNK_SAMPLES) * _ROOM_TONE
        sound = tone + self._delayed.pop(0) + self._said(now)
        pcm: bytes = np.clip(np.rint(sound * 32_768), -32_768, 32_767).astype("<i2").tobytes()
        return pcm

    def _said(self, now: float) -> Audio:
        outcome = self._outcome
        if outcome.overlap_at_s is None and outcome.began_at_s and now >= outcome.began_at_s + OVERLAP_AT_S:
            outcome.overlap_at_s = now - CHUNK_MS / 1000
        part = self._left[:_CHUNK_SAMPLES] if outcome.overlap_at_s is not None else self._left[:0]
        self._left = self._left[len(part) :]
        return np.pad(part, (0, _CHUNK_SAMPLES - len(part)))

    def _is_over(self, now: float) -> bool:
        outcome = self._outcome
        if outcome.done is not None:
            return outcome.interrupted or outcome.speaker.is_empty
        if outcome.overlap_at_s is None:
            return False
        return now > outcome.overlap_at_s + len(outcome.case.audio) / SAMPLE_RATE + AFTER_OVERLAP_S

    async def _listen(self) -> None:
        with suppress(ConnectionLost):
            async for event in self._conversation:
                self._take(event, time.monotonic())

    def _take(self, event: Event, now: float) -> None:
        outcome = self._outcome
        if isinstance(event, VoiceResponse) and outcome.turn in (None, event.turn):
            outcome.turn = event.turn
            outcome.began_at_s = outcome.began_at_s or now
            outcome.speaker.add(event)
        elif isinstance(event, ResponseDone) and event.turn == outcome.turn:
            outcome.done, outcome.done_at_s = event, now
            if event.reason == "interrupted":
                outcome.speaker.drop()
        elif isinstance(event, Duck):
            outcome.ducks += 1
            outcome.speaker.gain = DUCKED_GAIN
        elif isinstance(event, Unduck):
            outcome.speaker.gain = 1.0
