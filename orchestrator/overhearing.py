"""What is heard over a reply: the reply's own echo taken away, the rest transcribed and judged."""

from __future__ import annotations

import logging
from dataclasses import replace

from orchestrator.audio import SAMPLE_RATE, Audio
from orchestrator.echo import Echo, EchoReference
from orchestrator.errors import InferenceError
from orchestrator.inference import Inference, SpeechChunk, Transcript, Transcription
from orchestrator.interjection import OWN_VOICE_EXPLAINED, Interjection, Verdict, judge
from orchestrator.recording import Recording
from orchestrator.turn_events import JudgeOverlap
from orchestrator.voicing import Voicing

log = logging.getLogger(__name__)

_SHORT_SAMPLES = SAMPLE_RATE * 4 // 5
_HISTORY_SAMPLES = SAMPLE_RATE
"""The room cannot be learned from a short segment alone; what came before it is nothing but echo."""


class Overhearing:
    """One session's ears while it speaks; `recording` and `voicing` are kept up to date by the session."""

    def __init__(self, inference: Inference, recording: Recording, voicing: Voicing) -> None:
        self._inference = inference
        self._recording = recording
        self._voicing = voicing
        self._reference = EchoReference()

    def reply_sent(self, position: int, chunk: SpeechChunk) -> None:
        """A chunk of the reply is expected to sound from sample `position` of the session on."""
        self._reference.play(position, chunk.pcm, chunk.sample_rate)

    def reply_stopped(self, position: int) -> None:
        self._reference.stop(position)

    async def judge(
        self, asked: JudgeOverlap, sent_words: str, language: str | None, threshold: float
    ) -> Verdict:
        """Whether what is `asked` about wants the word; where it does, the recording of it loses the reply's echo.

        sent_words: what the reply said lately. threshold: the speech probability that counts as speech.
        """
        echo, microphone = self._echo(asked)
        if echo.explained >= OWN_VOICE_EXPLAINED:
            return Verdict.GO_ON
        transcript = await self._transcribed(echo.rest, language)
        voiced = self._voicing.between(asked.voiced_start, asked.end, threshold)
        heard = Interjection(
            transcript=transcript,
            language=language or (transcript.language if transcript is not None else ""),
            voiced_ms=voiced.ms,
            speech_probability=voiced.probability,
            sent_words=sent_words,
            echo_correlation=echo.correlation,
            echo_explained=echo.explained,
        )
        verdict = judge(heard)
        if verdict is Verdict.INTERRUPT and echo.delay_samples is not None:
            # What an echo leaves behind is at times taken for words; with the echo they would be the reply's.
            verdict = judge(replace(heard, transcript=await self._transcribed(microphone, language)))
        log.debug("over the reply: %s, %s", heard, verdict)
        if verdict is Verdict.INTERRUPT:
            self._recording.replace(asked.start, echo.rest)
        return verdict

    async def _transcribed(self, audio: Audio, language: str | None) -> Transcript | None:
        try:
            asked = Transcription(language, partial=True, urgent=True)
            return await self._inference.transcribe(audio, asked)
        except InferenceError as error:
            log.warning("speech over a reply was not understood: %s", error)
            return None

    def _echo(self, asked: JudgeOverlap) -> tuple[Echo, Audio]:
        """The echo in what is asked about, and that as the microphone heard it."""
        history = _HISTORY_SAMPLES if asked.end - asked.start < _SHORT_SAMPLES else 0
        begin = max(0, asked.start - history)
        audio = self._recording.slice(begin, asked.end)
        history = asked.start - begin
        return self._reference.explain(begin, audio, history_samples=history), audio[history:]
