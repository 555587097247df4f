"""What is said in a recording of any length, window by window, with its times in the recording.

Words that nobody can have said are left out, as in a voice conversation (`credibility.py`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Protocol

import numpy as np
from anyio import CancelScope, to_thread

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE, Audio
from orchestrator.credibility import is_speech, voice_probability
from orchestrator.inference import Detector, Transcriber, Transcript, Transcription, fresh_state
from orchestrator.uploads.audio_file import AudioFile
from orchestrator.uploads.windows import Window, Windows

_BLOCK_SAMPLES = 32 * FRAME_SAMPLES
# A language that was detected as surely as this holds for the rest of the recording.
_SURE_OF_LANGUAGE = 0.8


class Hearing(Detector, Transcriber, Protocol):
    """The models that are asked; `unhurried.Unhurried` is one."""


@dataclass(frozen=True)
class Word:
    """One word as it is written, white space and marks included, and its time in the recording in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Passage:
    """What was said in one window. Times in seconds of the recording; `words` empty where none were asked for."""

    text: str
    start: float
    end: float
    language: str
    words: tuple[Word, ...]
    average_log_probability: float
    no_speech_probability: float
    temperature: float


@dataclass(frozen=True)
class Scribe:
    """Writes recordings down. A frame is speech from `speech_threshold` on; recordings last `max_seconds` at most."""

    models: Hearing
    speech_threshold: float
    max_seconds: float

    @asynccontextmanager
    async def opened(self, file: BinaryIO) -> AsyncIterator[AudioFile]:
        """The recording in `file`. Raises: BadAudio, AudioTooLong."""
        audio = await to_thread.run_sync(AudioFile, file, self.max_seconds)
        try:
            yield audio
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(audio.close)

    async def passages(
        self, audio: AudioFile, wish: Transcription, count: Callable[[float], None]
    ) -> AsyncGenerator[Passage, None]:
        """Each passage as soon as it is understood; `count` is told of the seconds that were read.

        Raises:
            BadAudio, AudioTooLong: the recording turns out to be so.
            InferenceError: a model failed.
            VoiceError: what `count` raises.
        """
        language = wish.language
        windows = self._windows(audio, count)
        async with aclosing(windows):
            async for window in windows:
                heard = await self._heard(window, wish, language)
                if not heard.text:
                    continue
                if heard.language_probability >= _SURE_OF_LANGUAGE:
                    language = language or heard.language
                yield _passage(window, heard, audio.seconds)

    async def _heard(self, window: Window, wish: Transcription, language: str | None) -> Transcript:
        """Without text where nobody can have said it."""
        heard = await self.models.transcribe(window.audio, replace(wish, language=language))
        sure = voice_probability(window.probabilities, self.speech_threshold)
        return heard if is_speech(heard, sure) else replace(heard, text="")

    async def _windows(
        self, audio: AudioFile, count: Callable[[float], None]
    ) -> AsyncGenerator[Window, None]:
        windows, state = Windows(self.speech_threshold), fresh_state()
        while len(block := await to_thread.run_sync(audio.read, _BLOCK_SAMPLES)):
            count(len(block) / SAMPLE_RATE)
            frames = _whole_frames(block)
            detection = await self.models.detect(frames, state)
            state = detection.state
            for frame, probability in zip(
                frames.reshape(-1, FRAME_SAMPLES), detection.probabilities, strict=True
            ):
                if window := windows.push(frame, float(probability)):
                    yield window
        if window := windows.flush():
            yield window


def _whole_frames(block: Audio) -> Audio:
    """The last block of a recording is filled up with silence."""
    return np.pad(block, (0, -len(block) % FRAME_SAMPLES))


def _passage(window: Window, heard: Transcript, read_seconds: float) -> Passage:
    segments = heard.segments or ({},)
    return Passage(
        text=heard.text,
        start=round(window.start_seconds, 3),
        end=round(min(window.end_seconds, read_seconds), 3),
        language=heard.language,
        words=tuple(_word(window, word) for segment in segments for word in segment.get("words", ())),
        average_log_probability=heard.average_log_probability,
        no_speech_probability=heard.no_speech_probability,
        temperature=float(segments[0].get("temperature", 0.0)),
    )


def _word(window: Window, word: dict[str, Any]) -> Word:
    begin, last = window.start_seconds, len(window.audio) / SAMPLE_RATE
    return Word(
        word["word"], round(begin + min(word["start"], last), 2), round(begin + min(word["end"], last), 2)
    )
