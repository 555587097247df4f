"""A reply on its way to a listener: held until it is wanted, paced a little ahead of playback, and ended exactly once.

It counts what was heard: history and `response_done` hold the words up to the position that was played, also when
the reply is stopped in the middle of a word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio

from orchestrator import protocol
from orchestrator.asking import generation
from orchestrator.config import SessionSettings
from orchestrator.errors import VoiceError
from orchestrator.history import Conversation, Message
from orchestrator.inference import Inference, SpeechChunk
from orchestrator.metrics import Metrics
from orchestrator.playback import Playback
from orchestrator.prompt import ChatTemplate, Detokenizer
from orchestrator.reply import Speech, reply
from orchestrator.timing import TurnTiming

log = logging.getLogger(__name__)

Sent = Callable[[int, SpeechChunk, float], None]
"""Called with each chunk that leaves, its turn, and in how many ms the listener will hear it."""

Finished = Callable[[int, protocol.Reason, str, VoiceError | None], None]


class Speaking:
    """One reply. It is written and synthesised at once, but nothing of it leaves before `release`.

    `finish` may come from outside (barge-in) at any time and takes effect at once.
    """

    def __init__(
        self,
        *,
        timing: TurnTiming,
        conversation: Conversation,
        metrics: Metrics,
        send: Callable[[protocol.ServerMessage], None],
        clock: Callable[[], float],
        sent: Sent,
        finished: Finished,
    ) -> None:
        self.turn = timing.turn
        self.playback = Playback()
        self._timing = timing
        self._conversation = conversation
        self._metrics = metrics
        self._send = send
        self._clock = clock
        self._sent = sent
        self._finished = finished
        self._released = anyio.Event()
        self._held_text = ""
        self._held_tokens = 0
        self._scope = anyio.CancelScope()
        self._text = ""
        self._chunks = 0
        self._done = False

    async def run(
        self,
        inference: Inference,
        template: ChatTemplate,
        messages: list[Message],
        settings: SessionSettings,
        language: str | None,
        context_tokens: int,
    ) -> None:
        """Generate, speak and pace the reply to `messages`; ends in `finished`, whatever happens."""
        with self._scope:
            try:
                asked = generation(template, messages, settings, context_tokens)
                speech = Speech(settings.voice, language, settings.speed)
                await reply(inference, asked, Detokenizer(template.tokenizer), speech, self)
                await self._released.wait()
                await anyio.sleep(self.playback.remaining_ms(self._clock()) / 1000)
            except VoiceError as error:
                await self._released.wait()
                self.finish("failed", error)
            except Exception:
                log.exception("turn %d: the reply broke", self.turn)
                await self._released.wait()
                self.finish("failed", VoiceError("the reply broke inside the server; the log says why"))
            else:
                self.finish("completed")

    def release(self) -> None:
        """Let out what was made ready, and what will be."""
        self._released.set()
        self._tell(self._held_text, self._held_tokens)

    def drop(self) -> int:
        """End a reply that was never released; nobody is told. Returns the tokens that were written for nothing."""
        self._done = True
        self._scope.cancel()
        return self._held_tokens

    def wrote(self, delta: str, tokens: int) -> None:
        self._metrics.tokens_generated(tokens)
        if self._released.is_set():
            self._tell(delta, tokens)
        else:
            self._held_text += delta
            self._held_tokens += tokens

    def _tell(self, delta: str, tokens: int) -> None:
        self._timing.tokens += tokens
        if tokens and self._timing.mark("first_token", self._clock()):
            self._metrics.first_token(self._clock() - (self._timing.final or self._timing.ended or 0.0))
        if delta and not self._done:
            self._text += delta
            self._send(protocol.ResponseText(self.turn, delta))

    async def spoke(self, text: str, chunk: SpeechChunk) -> None:
        await self._released.wait()
        await anyio.sleep(self.playback.wait_ms(self._clock()) / 1000)
        now = self._clock()
        if self._timing.mark("first_audio", now):
            self._metrics.first_audio(now - (self._timing.first_token or now))
            if self._timing.voiced_end is not None:
                self._metrics.voice_to_voice(now - self._timing.voiced_end)
        self._metrics.audio_sent(chunk.duration_ms / 1000)
        self._timing.reply_audio_ms += chunk.duration_ms
        self._sent(self.turn, chunk, self.playback.remaining_ms(now))
        self.playback.sent(now, text, chunk.duration_ms)
        duration_ms = round(chunk.duration_ms, 1)
        self._send(
            protocol.VoiceResponse(self.turn, self._chunks, text, chunk.sample_rate, duration_ms, chunk.pcm)
        )
        self._chunks += 1

    def made(self, text: str, chunk: SpeechChunk) -> None:
        self.playback.words.add(text, chunk.duration_ms, chunk.pcm)

    def made_piece(self) -> None:
        self.playback.words.end_piece()

    def ahead_seconds(self) -> float:
        return (self.playback.words.duration_ms - self.playback.played_ms(self._clock())) / 1000

    def finish(self, reason: protocol.Reason, error: VoiceError | None = None) -> None:
        """End the reply now; the first call counts."""
        if self._done:
            return
        self._done = True
        if reason == "interrupted":
            self._metrics.interrupted()
        whole = reason == "completed"
        text = self._text.strip() if whole else self.playback.heard(self._clock())
        self._conversation.heard(text, cut=not whole)
        self._scope.cancel()
        self._finished(self.turn, reason, text, error)
