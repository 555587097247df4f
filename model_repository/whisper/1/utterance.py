"""What a caller asks for and what it gets, checked. Knows neither Triton nor the network behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .window import FULL_WINDOW_SECONDS, SAMPLE_RATE

TASKS = ("transcribe", "translate")

# Longer texts could only be thrown away: the decoder sees 223 tokens of context.
_MAX_TEXT_CHARS = 4_000
# Above this the samples are certainly not in -1..1.
_LOUDEST = 32_768.0


class InvalidInputError(ValueError):
    """The caller's tensor cannot be used; the message begins with the tensor's name."""


@dataclass(frozen=True)
class Utterance:
    """One piece of speech and how to write it down; empty strings stand for what was not asked."""

    audio: NDArray[np.float32]  # (n_samples,) at 16 kHz, -1..1
    language: str = ""  # ISO 639-1; empty: detect it
    prefix: str = ""  # the text already agreed; only what follows is returned
    prompt: str = ""  # text that came before, for spelling and style
    hotwords: str = ""  # names that may occur
    task: str = "transcribe"
    word_timestamps: bool = False
    fallback: bool = True  # whether a doubted text is decoded again
    window_seconds: float | None = None  # floor of the encoder's window; None: the model's own
    temperature: float = 0.0  # above 0: words are sampled at it, and tried again at no other

    @property
    def seconds(self) -> float:
        """The length of the audio."""
        return self.audio.size / SAMPLE_RATE


@dataclass(frozen=True)
class Word:
    """One word, its time in the utterance in seconds, and how sure the decoder was (0..1)."""

    start: float
    end: float
    word: str
    probability: float


@dataclass(frozen=True)
class Segment:
    """The text of one window, sampled at `temperature`; `words` is None where no times were asked for."""

    start: float
    end: float
    text: str
    temperature: float
    words: tuple[Word, ...] | None


@dataclass(frozen=True)
class Transcript:
    """What was said: after a prefix `prefix + text` is the whole, otherwise `text` is."""

    text: str
    language: str
    language_probability: float
    no_speech_probability: float
    avg_logprob: float
    segments: tuple[Segment, ...]


def check(utterance: Utterance, languages: frozenset[str], max_audio_seconds: float) -> None:
    """Raises `InvalidInputError`, naming the tensor, where the utterance cannot be transcribed by this model."""
    _check_audio(utterance.audio, max_audio_seconds)
    _check_language(utterance.language, languages)
    _check_task(utterance.task, languages)
    for name, text in (
        ("PREFIX", utterance.prefix),
        ("PROMPT", utterance.prompt),
        ("HOTWORDS", utterance.hotwords),
    ):
        if len(text) > _MAX_TEXT_CHARS:
            raise InvalidInputError(f"{name}: {len(text)} characters; send at most {_MAX_TEXT_CHARS}")
    if utterance.prefix and utterance.seconds > FULL_WINDOW_SECONDS:
        raise InvalidInputError(f"PREFIX: only audio of up to {FULL_WINDOW_SECONDS} s can be continued")
    if not 0 <= utterance.temperature <= 1:
        raise InvalidInputError(f"TEMPERATURE: {utterance.temperature:g} is not in 0..1")
    window_seconds = utterance.window_seconds
    if window_seconds is not None and not 0 < window_seconds <= FULL_WINDOW_SECONDS:
        raise InvalidInputError(f"WINDOW_SECONDS: {window_seconds:g} is not in 0..{FULL_WINDOW_SECONDS}")


def _check_audio(audio: NDArray[np.float32], max_audio_seconds: float) -> None:
    if audio.size == 0:
        raise InvalidInputError("AUDIO: empty; send at least one sample at 16 kHz")
    if audio.size > max_audio_seconds * SAMPLE_RATE:
        raise InvalidInputError(
            f"AUDIO: {audio.size / SAMPLE_RATE:.1f} s; send at most {max_audio_seconds:g} s in one request"
        )
    if not np.isfinite(audio).all():
        raise InvalidInputError("AUDIO: holds NaN or infinity")
    if np.abs(audio).max() > _LOUDEST:
        raise InvalidInputError(f"AUDIO: values beyond {_LOUDEST:g}; audio is float in -1..1")


def _check_language(language: str, languages: frozenset[str]) -> None:
    if not language or language in languages:
        return
    if languages == {"en"}:
        raise InvalidInputError(f"LANGUAGE: {language!r}, but the loaded Whisper model knows English only")
    raise InvalidInputError(
        f"LANGUAGE: {language!r} is no language of Whisper's; send a code such as 'en', or 'auto'"
    )


def _check_task(task: str, languages: frozenset[str]) -> None:
    if task not in TASKS:
        raise InvalidInputError(f"TASK: {task!r}; send one of {', '.join(TASKS)}")
    if task == "translate" and languages == {"en"}:
        raise InvalidInputError("TASK: 'translate', but the loaded Whisper model knows English only")
