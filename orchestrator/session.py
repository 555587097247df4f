"""One conversation's shell: it feeds events to `turn.py` and carries out the actions that come back.

Everything that changes the session's state happens in one event loop without an await in between, so two events never
interleave. What takes time (a transcript, a reply) runs as a task of the session's own group and reports back as an
event. It knows no socket: messages leave through `send`, which must not block.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType

import anyio
from anyio.abc import TaskGroup

from orchestrator import protocol, turn
from orchestrator.audio import SAMPLE_RATE, Audio, Framer
from orchestrator.config import SessionSettings
from orchestrator.errors import BadSetting, ClientError, InferenceError, InferenceRefused, VoiceError
from orchestrator.history import Conversation
from orchestrator.inference import Inference, Transcript, fresh_state
from orchestrator.languages import AUTO
from orchestrator.metrics import Metrics
from orchestrator.partials import Agreement
from orchestrator.prompt import ChatTemplate
from orchestrator.recording import Recording
from orchestrator.speaking import Speaking
from orchestrator.timing import TurnTiming

log = logging.getLogger(__name__)

Send = Callable[[protocol.ServerMessage], None]

RECORDING_MS = 34_000
"""More than the longest utterance with its prefix and end silence."""


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
        self._template = template
        self._conversation = conversation
        self._context_tokens = context_tokens
        self._metrics = metrics
        self._send = send
        self._clock = clock
        self._framer = Framer()
        self._state = fresh_state()
        self._detector_failed = False
        self._turns = turn.TurnTaking(settings.turn_taking)
        self._recording = Recording(turn.samples(RECORDING_MS))
        self._timings: dict[int, TurnTiming] = {}
        self._agreements: dict[int, Agreement] = {}
        self._partial_texts: dict[int, str] = {}
        self._speaking: Speaking | None = None
        self._tasks: TaskGroup
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Session:
        self._tasks = await self._stack.enter_async_context(anyio.create_task_group())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._speaking is not None:
            self._speaking.finish("interrupted")
        self._tasks.cancel_scope.cancel()
        await self._stack.aclose()

    async def hear(self, audio: Audio) -> None:
        """Audio from the client, float32 [n_samples] at 16 kHz, any n_samples."""
        self._metrics.audio_received(len(audio) / SAMPLE_RATE)
        for frame in self._framer.push(audio):
            probability = await self._score(frame)
            self._recording.append(frame)
            self._receive(turn.FrameScored(probability))

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
        if self._speaking is not None and self._speaking.turn == turn_number:
            self._speaking.playback.report(self._clock(), played_ms)

    async def _score(self, frame: Audio) -> float:
        """Speech probability of a frame; silence while the detector cannot answer, told to the client once."""
        try:
            detection = await self._inference.detect(frame, self._state)
        except InferenceError as error:
            if not self._detector_failed:
                self._report(error)
            self._detector_failed = True
            self._state = fresh_state()
            return 0.0
        self._detector_failed = False
        self._state = detection.state
        return float(detection.probabilities[0])

    def _receive(self, event: turn.Event) -> None:
        for action in self._turns.receive(event):
            self._do(action)

    def _do(self, action: turn.Action) -> None:
        match action:
            case turn.AnnounceSpeech(number, start):
                self._announce(number, start)
            case turn.TranscribePartial(number, start, end):
                self._tasks.start_soon(self._partial, number, self._recording.slice(start, end))
            case turn.TranscribeFinal(utterance):
                self._end_utterance(utterance)
            case turn.StartReply(number, text, language):
                self._start_reply(number, text, language)
            case turn.KeepWords(number, text):
                self._conversation.said(text)
                self._close_turn(number, "continued")
            case turn.DropTurn(number):
                self._close_turn(number, "empty")
            case turn.StopReply():
                if self._speaking is not None:
                    self._speaking.finish("interrupted")

    def _announce(self, number: int, start: int) -> None:
        self._timings[number] = TurnTiming(number, started=self._clock())
        self._agreements[number] = Agreement()
        self._send(protocol.SpeechStarted(number, _audio_ms(start)))

    async def _partial(self, number: int, audio: Audio) -> None:
        began = self._clock()
        try:
            transcript = await self._transcribe(audio, partial=True)
        except InferenceError as error:
            log.warning("turn %d: no partial transcript: %s", number, error)
        else:
            self._metrics.partial_decoded(self._clock() - began)
            self._show(number, transcript)
        finally:
            self._receive(turn.PartialFinished(number))

    def _show(self, number: int, transcript: Transcript) -> None:
        agreement = self._agreements.get(number)
        if agreement is None or not transcript.text:
            return
        text, stable = agreement.update(transcript.text)
        self._partial_texts[number] = text
        if self._timings[number].mark("first_partial", self._clock()):
            self._metrics.first_partial(self._clock() - (self._timings[number].started or 0.0))
        self._send(protocol.PartialTranscript(number, text, stable))

    def _end_utterance(self, utterance: turn.Utterance) -> None:
        self._agreements.pop(utterance.turn, None)
        timing = self._timings[utterance.turn]
        now = self._clock()
        timing.mark("ended", now)
        timing.mark("voiced_end", now - (utterance.end - utterance.voiced_end) / SAMPLE_RATE)
        self._send(protocol.SpeechStopped(utterance.turn, _audio_ms(utterance.voiced_end)))
        audio = self._recording.slice(utterance.start, utterance.end)
        self._tasks.start_soon(self._final, utterance.turn, audio)

    async def _final(self, number: int, audio: Audio) -> None:
        try:
            transcript = await self._transcribe(audio, partial=False)
        except InferenceError as error:
            self._conversation.said(self._partial_texts.pop(number, ""))
            self._receive(turn.TranscriptFailed(number))
            self._report(error, number)
            self._close_turn(number, "failed")
            return
        self._timings[number].mark("final", self._clock())
        self._metrics.final_transcript(self._clock() - (self._timings[number].ended or 0.0))
        if transcript.text:
            self._send(protocol.FinalTranscript(number, transcript.text, transcript.language))
        self._receive(turn.TranscriptFinished(number, transcript.text, transcript.language))

    async def _transcribe(self, audio: Audio, *, partial: bool) -> Transcript:
        language = None if self.settings.language == AUTO else self.settings.language
        return await self._inference.transcribe(audio, language=language, partial=partial)

    def _start_reply(self, number: int, text: str, language: str | None) -> None:
        self._conversation.said(text)
        timing = self._timings.setdefault(number, TurnTiming(number, ended=self._clock()))
        self._speaking = Speaking(
            timing=timing,
            conversation=self._conversation,
            metrics=self._metrics,
            send=self._send,
            clock=self._clock,
            finished=self._reply_finished,
        )
        spoken_language = language if self.settings.language == AUTO else self.settings.language
        messages = self._conversation.prompt(self.settings.system_prompt)
        self._tasks.start_soon(
            self._speaking.run,
            self._inference,
            self._template,
            messages,
            self.settings,
            spoken_language,
            self._context_tokens,
        )

    def _reply_finished(
        self, number: int, reason: protocol.Reason, text: str, error: VoiceError | None
    ) -> None:
        self._speaking = None
        self._receive(turn.ReplyFinished(number))
        if error is not None:
            self._report(error, number)
        self._close_turn(number, reason, text)

    def _close_turn(self, number: int, reason: protocol.Reason, text: str = "") -> None:
        """Every turn ends here, exactly once."""
        self._partial_texts.pop(number, None)
        timing = self._timings.pop(number)
        self._metrics.turn_finished(reason)
        self._send(protocol.ResponseDone(number, text, reason))
        message = timing.message()
        self._send(message)
        log.info("session %s %s", self._conversation.id, message)

    def _report(self, error: VoiceError, number: int | None = None) -> None:
        log.warning("session %s turn %s: %s: %s", self._conversation.id, number, error.code, error)
        self._send(protocol.Error(error.code, str(error), error.retryable, number))


def _audio_ms(position_samples: int) -> int:
    return position_samples * 1000 // SAMPLE_RATE
