"""One conversation's shell: it feeds events to `turn.py` and carries out the actions that come back.

Everything that changes the session's state happens in one event loop without an await in between, so two events never
interleave. What takes time (a transcript, a reply) runs as a task of the session's own group and reports back as an
event. It knows no socket: messages leave through `send`, which must not block.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType

import anyio
import numpy as np
from anyio.abc import TaskGroup

from orchestrator import endpointing, protocol
from orchestrator import turn_events as turn
from orchestrator.acknowledging import Acknowledging
from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE, Audio, Framer
from orchestrator.config import SessionSettings
from orchestrator.errors import BadSetting, ClientError, InferenceError, InferenceRefused, VoiceError
from orchestrator.hearing import Decode, Hearing
from orchestrator.history import Conversation
from orchestrator.inference import Inference, SpeechChunk, Transcript, fresh_state
from orchestrator.interjection import Verdict
from orchestrator.languages import AUTO
from orchestrator.metrics import Metrics
from orchestrator.overhearing import Overhearing
from orchestrator.pause import Pause
from orchestrator.prompt import ChatTemplate
from orchestrator.replies import Replies
from orchestrator.timing import TurnTiming
from orchestrator.turn import TurnTaking

log = logging.getLogger(__name__)

Send = Callable[[protocol.ServerMessage], None]

RECORDING_MS = 34_000
"""More than the longest utterance with its prefix and end silence."""

END_SILENCE_SAMPLES = SAMPLE_RATE // 10
"""The silence that `end_of_turn` hears after a voice; with more of it a cut sounds like an end (0007)."""


class Session:
    """One person's conversation; an async context manager that owns everything running for it."""

    def __init__(
        self,
        *,
        inference: Inference,
        template: ChatTemplate,
        conversation: Conversation,
        settings: SessionSettings,
        context_tokens: int,
        metrics: Metrics,
        send: Send,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._inference = inference
        self._conversation = conversation
        self._metrics = metrics
        self._acknowledging = Acknowledging(send)
        self._send = self._acknowledging.send
        self._clock = clock
        self._framer = Framer()
        self._state = fresh_state()
        self._detector_failed = False
        self._turns = TurnTaking(settings.turn_taking)
        self._hearing = Hearing(inference, turn.samples(RECORDING_MS))
        self._timings: dict[int, TurnTiming] = {}
        self._transcripts: dict[int, protocol.FinalTranscript] = {}
        self._overhearing = Overhearing(inference, self._hearing.recording, self._hearing.voicing)
        self._pause: Pause | None = None
        self._replies = Replies(
            inference=inference,
            template=template,
            conversation=conversation,
            context_tokens=context_tokens,
            metrics=metrics,
            send=self._send,
            sent=self._chunk_sent,
            finished=self._reply_finished,
            clock=clock,
        )
        self._tasks: TaskGroup
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Session:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._acknowledging.run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._replies.stop()
        self._tasks.cancel_scope.cancel()
        await self._stack.aclose()
        # It knows this session: the megabytes of audio in both would wait for a full run of the garbage collector.
        del self._replies

    async def hear(self, audio: Audio) -> None:
        """Audio from the client, float32 [n_samples] at 16 kHz, any n_samples."""
        self._metrics.audio_received(len(audio) / SAMPLE_RATE)
        frames = list(self._framer.push(audio))
        if not frames:
            return
        for frame, probability in zip(frames, await self._score(np.concatenate(frames)), strict=True):
            self._hearing.append(frame, float(probability))
            self._receive(turn.FrameScored(float(probability)))

    async def configure(self, changes: dict[str, object]) -> None:
        """Change settings; raises BadSetting and changes nothing where one is wrong."""
        settings = self.settings.merged(changes)
        if settings.voice != self.settings.voice:
            await self.check_voice(settings.voice)
        self.settings = settings
        self._turns.settings = settings.turn_taking
        self._send(protocol.Configured(settings.model_dump(exclude={"system_prompt"})))

    async def check_voice(self, voice: str | None) -> None:
        """Raise BadSetting where no such voice is loaded; synthesising nothing asks without the cost of speaking."""
        if voice is None:
            return
        try:
            async for _ in self._inference.synthesize("", voice=voice):
                pass
        except InferenceRefused as error:
            raise BadSetting(f"voice: {error}") from error

    def say(self, text: str) -> None:
        """A typed turn."""
        self._receive(turn.TextTyped(text))

    def commit(self) -> None:
        """The utterance ends now; raises ClientError where none was begun."""
        if not self._turns.hearing:
            raise ClientError("commit: no speech was heard since the last turn; send audio first")
        self._receive(turn.CommitRequested())

    def interrupt(self) -> None:
        self._receive(turn.InterruptRequested())

    def played(self, turn_number: int, played_ms: float) -> None:
        """The client's report of how far it has played the reply of that turn."""
        speaking = self._replies.speaking
        if speaking is not None and speaking.turn == turn_number:
            speaking.playback.report(self._clock(), played_ms)

    async def _score(self, audio: Audio) -> Audio:
        """Speech probability of each frame; silence while the detector cannot answer, told to the client once."""
        try:
            detection = await self._inference.detect(audio, self._state)
        except InferenceError as error:
            if not self._detector_failed:
                self._report(error)
            self._detector_failed = True
            self._state = fresh_state()
            return np.zeros(len(audio) // FRAME_SAMPLES, dtype=np.float32)
        self._detector_failed = False
        self._state = detection.state
        return detection.probabilities

    def _receive(self, event: turn.Event) -> None:
        for action in self._turns.receive(event):
            self._do(action)

    def _do(self, action: turn.Action) -> None:
        match action:
            case turn.AnnounceSpeech(number, start):
                self._announce(number, start)
            case turn.TranscribePartial(number, start, end):
                decode = self._hearing.partial(number, start, end, self._speech_threshold())
                self._begin_partial(number, decode)
            case turn.UnderstandPause(utterance):
                self._begin_pause(utterance)
            case turn.PrepareReply():
                self._expect_end()
            case turn.DropPrepared():
                self._drop_pause()
            case turn.TranscribeFinal(utterance):
                self._end_utterance(utterance)
            case _:
                self._do_reply(action)

    def _do_reply(self, action: turn.Action) -> None:
        match action:
            case turn.StartReply(number, text, language):
                timing = self._timings.setdefault(number, TurnTiming(number, ended=self._clock()))
                self._keep_words(number, text)
                self._replies.start(self._tasks, timing, language, self.settings)
            case turn.KeepWords(number, text):
                self._keep_words(number, text)
                self._close_turn(number, "continued")
            case turn.DropTurn(number):
                self._close_turn(number, "empty")
            case turn.Duck(number):
                self._send(protocol.Duck(number))
            case turn.Unduck(number):
                self._send(protocol.Unduck(number))
            case turn.JudgeOverlap():
                self._tasks.start_soon(self._judge, action)
            case turn.StopReply():
                self._replies.stop()
                self._overhearing.reply_stopped(self._turns.position)

    def _keep_words(self, number: int, text: str) -> None:
        """What was said is kept before anything else happens; its transcript goes out when it is stored."""
        transcript = self._transcripts.pop(number, None)
        stored = self._conversation.said(text, language=transcript.language if transcript else None)
        if transcript is not None:
            self._acknowledging.send_stored(transcript, number, stored)

    def _announce(self, number: int, start: int) -> None:
        self._timings[number] = TurnTiming(number, started=self._clock())
        interval_samples = turn.samples(self.settings.turn_taking.partial_interval_ms)
        self._hearing.begin(number, self._language(), interval_samples)
        self._send(protocol.SpeechStarted(number, _audio_ms(start)))

    def _begin_partial(self, number: int, decode: Decode | None) -> None:
        if decode is None:
            self._receive(turn.PartialFinished(number))
        else:
            self._tasks.start_soon(self._partial, number, decode)

    async def _partial(self, number: int, decode: Decode) -> None:
        began = self._clock()
        try:
            transcript = await self._hearing.transcribe(decode)
            self._metrics.partial_decoded(self._clock() - began)
            self._show(number, decode, transcript)
        except InferenceError as error:
            log.info("turn %d: no partial transcript: %s", number, error)
        finally:
            self._receive(turn.PartialFinished(number))

    def _show(self, number: int, decode: Decode, transcript: Transcript) -> None:
        shown = self._hearing.understood(number, decode, transcript)
        if shown is None:
            return
        if self._timings[number].mark("first_partial", self._clock()):
            self._metrics.first_partial(self._clock() - (self._timings[number].started or 0.0))
        self._send(protocol.PartialTranscript(number, shown.text, shown.stable_characters))

    async def _understand_pause(self, number: int, decode: Decode, heard: Audio, pause: Pause) -> None:
        """Understand what was said, say how long a silence ends it, and prepare the reply once that is worth it."""
        with pause.scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._judge_pause, number, heard, pause)
                await self._transcribe_pause(number, decode, pause)
                await pause.may_be_the_end.wait()
                if self._pause is pause and pause.transcript is not None and pause.transcript.text:
                    timing, words = self._timings[number], pause.transcript
                    self._replies.prepare(self._tasks, timing, words.text, words.language, self.settings)

    async def _judge_pause(self, number: int, heard: Audio, pause: Pause) -> None:
        settings, probability = self.settings.turn_taking, None
        if settings.semantic_endpointing:
            with suppress(InferenceError):
                probability = await self._inference.end_of_turn(heard)
        words = await pause.words()
        end_silence_ms = settings.end_silence_ms
        if words is not None:
            end_silence_ms = endpointing.end_silence_ms(settings, words.text, words.language, probability)
        self._receive(turn.PauseJudged(number, end_silence_ms))

    async def _transcribe_pause(self, number: int, decode: Decode, pause: Pause) -> None:
        try:
            transcript = await self._hearing.transcribe(decode)
        except InferenceError as error:
            log.warning("turn %d: a pause was not understood: %s", number, error)
        else:
            pause.transcript = decode.whole(transcript)
            self._show(number, decode, transcript)
        pause.understood.set()

    def _begin_pause(self, utterance: turn.Utterance) -> None:
        self._pause = Pause()
        decode = self._hearing.final(utterance, self._speech_threshold())
        heard = decode.audio[: utterance.voiced_end - decode.request.start + END_SILENCE_SAMPLES]
        self._tasks.start_soon(self._understand_pause, utterance.turn, decode, heard, self._pause)
        self._replies.warm_up(self._tasks, self._hearing.shown(utterance.turn), self.settings)

    def _expect_end(self) -> None:
        if self._pause is not None:
            self._pause.may_be_the_end.set()

    def _drop_pause(self) -> None:
        if self._pause is not None:
            self._pause.scope.cancel()
            self._pause = None
        self._replies.drop_prepared()

    async def _judge(self, asked: turn.JudgeOverlap) -> None:
        threshold = self.settings.turn_taking.reply_speech_threshold
        sent_words = self._replies.sent_words()
        verdict = await self._overhearing.judge(asked, sent_words, self._language(), threshold)
        self._receive(turn.OverlapJudged(asked.voiced_start, verdict is Verdict.INTERRUPT))

    def _chunk_sent(self, number: int, chunk: SpeechChunk, ahead_ms: float) -> None:
        self._overhearing.reply_sent(self._turns.position + turn.samples(round(ahead_ms)), chunk)
        self._receive(turn.ReplyHeard(number))

    def _end_utterance(self, utterance: turn.Utterance) -> None:
        timing = self._timings[utterance.turn]
        now = self._clock()
        timing.mark("ended", now)
        timing.mark("voiced_end", now - (utterance.end - utterance.voiced_end) / SAMPLE_RATE)
        self._send(protocol.SpeechStopped(utterance.turn, _audio_ms(utterance.voiced_end)))
        self._expect_end()
        pause, self._pause = self._pause, None
        decode = self._hearing.final(utterance, self._speech_threshold())
        self._tasks.start_soon(self._final, utterance.turn, decode, pause)

    async def _final(self, number: int, decode: Decode, pause: Pause | None) -> None:
        try:
            transcript = await pause.words() if pause is not None else None
            if transcript is None:
                transcript = decode.whole(await self._hearing.transcribe(decode))
        except InferenceError as error:
            self._conversation.said(self._hearing.end(number))
            self._receive(turn.TranscriptFailed(number))
            self._report(error, number)
            self._close_turn(number, "failed")
            return
        self._timings[number].mark("final", self._clock())
        self._metrics.final_transcript(self._clock() - (self._timings[number].ended or 0.0))
        if transcript.text:
            final = protocol.FinalTranscript(number, transcript.text, transcript.language)
            self._transcripts[number] = final
        self._receive(turn.TranscriptFinished(number, transcript.text, transcript.language))

    def _speech_threshold(self) -> float:
        return self.settings.turn_taking.speech_threshold

    def _language(self) -> str | None:
        return None if self.settings.language == AUTO else self.settings.language

    def _reply_finished(
        self, number: int, reason: protocol.Reason, text: str, error: VoiceError | None
    ) -> None:
        self._receive(turn.ReplyFinished(number))
        if error is not None:
            self._report(error, number)
        self._close_turn(number, reason, text)
        self._replies.read_ahead(self._tasks, self.settings)

    def _close_turn(self, number: int, reason: protocol.Reason, text: str = "") -> None:
        """Every turn ends here, exactly once."""
        self._hearing.end(number)
        self._replies.drop_prepared(number)
        timing = self._timings.pop(number)
        self._metrics.turn_finished(reason)
        done = protocol.ResponseDone(number, text, reason)
        self._acknowledging.send_stored(done, number, self._conversation.latest)
        message = timing.message()
        self._send(message)
        log.info("session %s %s", self._conversation.id, message)

    def _report(self, error: VoiceError, number: int | None = None) -> None:
        log.warning("session %s turn %s: %s: %s", self._conversation.id, number, error.code, error)
        self._send(protocol.Error(error.code, str(error), error.retryable, number))


def _audio_ms(position_samples: int) -> int:
    return position_samples * 1000 // SAMPLE_RATE
