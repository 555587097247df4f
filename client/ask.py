"""One question asked and its answer heard: a recording spoken in real time, or a text typed.

While it waits it does what a real client does: the microphone stays open, the reply is played at its own
speed and the position reported.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain

import anyio

from client.conversation import SAMPLE_RATE, Conversation
from client.errors import ClientError, ConnectionLost, NoAnswer, ServerFault
from client.events import (
    ErrorReported,
    Event,
    FinalTranscript,
    Metrics,
    ResponseDone,
    SpeechStarted,
    VoiceResponse,
)
from client.pacing import CHUNK_MS, Clock, chunk_bytes, in_real_time, silence, split
from client.player import Player

REPORT_INTERVAL_S = 0.25
_METRICS_GRACE_S = 1.0


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        transcript: what the server understood; empty for a typed question.
        legs: the last turn's `metrics`, in ms.
        pcm: the reply, PCM16 mono at `sample_rate` Hz.
        voice_to_voice_ms: seen from here, the question's last sample to the first audio; None without audio.
        late_ms: how long the reply stood still because its next audio had not come yet.
    """

    transcript: str
    language: str
    reply: str
    reason: str
    legs: dict[str, float]
    pcm: bytes
    sample_rate: int
    voice_to_voice_ms: float | None
    late_ms: float = 0.0


def ignore(_event: Event) -> None:
    """Watch nothing."""


@dataclass
class _Exchange:
    """What has been heard so far. A recording with pauses may be more than one turn."""

    clock: Clock
    player: Player
    spoken_at_s: float | None = None
    first_audio_at_s: float | None = None
    finals: dict[int, FinalTranscript] = field(default_factory=dict)
    done: dict[int, ResponseDone] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)
    metrics: Metrics | None = None
    fault: ErrorReported | None = None

    def take(self, event: Event) -> None:
        if isinstance(event, SpeechStarted):
            self.started.add(event.turn)
        elif isinstance(event, FinalTranscript):
            self.finals[event.turn] = event
        elif isinstance(event, VoiceResponse):
            self._play(event)
        elif isinstance(event, ResponseDone):
            self.done[event.turn] = event
            self.player.finish(event)
        elif isinstance(event, Metrics):
            self.metrics = event
        elif isinstance(event, ErrorReported):
            self.fault = event
        self._raise_if_failed()

    @property
    def is_answered(self) -> bool:
        """Everything was said, and every turn that it made is over."""
        return self.spoken_at_s is not None and bool(self.done) and self.started <= set(self.done)

    @property
    def is_measured(self) -> bool:
        """Answered, and the last turn's metrics are here."""
        return self.is_answered and self.metrics is not None and self.metrics.turn == max(self.done)

    @property
    def is_complete(self) -> bool:
        """Answered, measured and played to the end."""
        return self.is_measured and self.player.remaining_ms <= 0

    def answer(self) -> Answer:
        last = self.done[max(self.done)]
        return Answer(
            transcript=" ".join(final.text for _, final in sorted(self.finals.items())),
            language=self.finals[max(self.finals)].language if self.finals else "",
            reply=" ".join(done.text for _, done in sorted(self.done.items()) if done.text),
            reason=last.reason,
            legs=dict(self.metrics.legs) if self.metrics else {},
            pcm=self.player.pcm,
            sample_rate=self.player.sample_rate,
            voice_to_voice_ms=self._voice_to_voice_ms(),
            late_ms=self.player.late_ms,
        )

    def _play(self, chunk: VoiceResponse) -> None:
        if self.first_audio_at_s is None or chunk.turn != self.player.turn:
            self.first_audio_at_s = self.clock()
        self.player.add(chunk)

    def _voice_to_voice_ms(self) -> float | None:
        if self.first_audio_at_s is None or self.spoken_at_s is None:
            return None
        return (self.first_audio_at_s - self.spoken_at_s) * 1000

    def failure(self, patience_s: float) -> ClientError:
        """Why there is no answer. An error that the server reported explains it better than the silence after it."""
        if self.fault is not None:
            return ServerFault(self.fault.code, self.fault.message, self.fault.retryable)
        return NoAnswer(_what_is_missing(self, patience_s))

    def _raise_if_failed(self) -> None:
        """An error alone ends nothing: the session goes on, and often so does the turn."""
        if not any(done.reason == "failed" for done in self.done.values()):
            return
        if self.fault is not None:
            raise ServerFault(self.fault.code, self.fault.message, self.fault.retryable)
        raise ServerFault("failed", "the reply failed without a reason; see the server's log", True)


async def ask(
    conversation: Conversation,
    question: bytes | str,
    *,
    on_event: Callable[[Event], None] = ignore,
    patience_s: float = 30.0,
    clock: Clock = time.monotonic,
) -> Answer:
    """Speak (PCM16 mono at 16 kHz) or type a question; return when its reply has been played.

    Raises:
        NoAnswer: the server said nothing for `patience_s` after the question.
        ServerFault: it reported an error, and the reply failed or never came.
        ConnectionLost, ProtocolError: as in `Conversation`.
    """
    exchange = _Exchange(clock, Player(clock))
    failure: ClientError | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_say, conversation, question, exchange)
        tasks.start_soon(_report_playback, conversation, exchange.player)
        try:
            await _listen(conversation, exchange, on_event, patience_s)
        except ClientError as error:  # raised again outside, where no task group wraps it
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return exchange.answer()


async def _say(conversation: Conversation, question: bytes | str, exchange: _Exchange) -> None:
    with suppress(ConnectionLost):  # whoever receives says so
        if isinstance(question, str):
            await conversation.send_text(question)
            exchange.spoken_at_s = exchange.clock()
        else:
            await _speak(conversation, question, exchange)


async def _speak(conversation: Conversation, question: bytes, exchange: _Exchange) -> None:
    size_bytes = chunk_bytes(SAMPLE_RATE)
    chunks = chain(split(question, size_bytes), silence(size_bytes))
    left_bytes = len(question)
    async for chunk in in_real_time(chunks, CHUNK_MS, clock=exchange.clock):
        await conversation.send_audio(chunk)
        left_bytes -= size_bytes
        if left_bytes <= 0 and exchange.spoken_at_s is None:
            exchange.spoken_at_s = exchange.clock()


async def _report_playback(conversation: Conversation, player: Player) -> None:
    reported: tuple[int | None, float] = (None, 0.0)
    with suppress(ConnectionLost):
        while True:
            await anyio.sleep(REPORT_INTERVAL_S)
            position = (player.turn, player.played_ms)
            if player.turn is not None and position != reported:
                reported = position
                await conversation.report_playback(player.turn, player.played_ms)


async def _listen(
    conversation: Conversation, exchange: _Exchange, on_event: Callable[[Event], None], patience_s: float
) -> None:
    heard_at_s = exchange.clock()
    while not exchange.is_complete:
        event = await _next_event(conversation, exchange)
        if event is not None:
            heard_at_s = exchange.clock()
            on_event(event)
            exchange.take(event)
        elif exchange.is_answered:
            return
        elif exchange.spoken_at_s and exchange.clock() > max(heard_at_s, exchange.spoken_at_s) + patience_s:
            raise exchange.failure(patience_s)


async def _next_event(conversation: Conversation, exchange: _Exchange) -> Event | None:
    """The next event, or None when none came while the reply's rest plays or the metrics are due."""
    grace_s = 0.0 if exchange.is_measured else _METRICS_GRACE_S
    with anyio.move_on_after(max(grace_s, exchange.player.remaining_ms / 1000)):
        return await conversation.receive()
    return None


def _what_is_missing(exchange: _Exchange, patience_s: float) -> str:
    waited = f"within {patience_s:g} s"
    if exchange.finals:
        return f"the question was understood, but no end of the reply came {waited}; see the server's log"
    if exchange.started:
        return f"the server heard a voice, but sent no transcript {waited}; see the server's log"
    return f"the server heard no voice in the question {waited}; is there speech in it?"
