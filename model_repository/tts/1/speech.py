"""What is asked of a voice and what it answers. Knows no engine, no network and no Triton."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

SPEED_RANGE = (0.5, 2.0)


class InvalidInputError(ValueError):
    """The caller's fault; the message begins with the tensor's name."""


class VoiceError(RuntimeError):
    """The voice's fault: it could not speak, or broke off."""


@dataclass(frozen=True)
class Utterance:
    """One text to be spoken. `voice` and `language` are empty where the caller leaves the choice to us."""

    text: str
    voice: str = ""
    language: str = ""
    speed: float = 1.0


@dataclass(frozen=True)
class Chunk:
    """Audio as it is made: `audio` int16 mono (n_samples,) at `sample_rate` Hz, spoken by `voice`."""

    audio: NDArray[np.int16]
    sample_rate: int
    voice: str


@dataclass(frozen=True)
class Listed:
    """A voice that can be asked for; `gender` is None where nobody has said it."""

    name: str
    language: str  # such as `en-us`
    gender: Literal["female", "male"] | None
    engine: Literal["piper", "edge"]
    default: bool = False  # speaks where neither a voice nor a language is asked for


class Voice(Protocol):
    """One voice of one engine."""

    @property
    def name(self) -> str: ...

    @property
    def sample_rate(self) -> int: ...

    @property
    def language(self) -> str:
        """Such as `en-us`."""
        ...

    @property
    def reads_numbers(self) -> bool:
        """Whether it knows by itself how numbers, dates, units and abbreviations are said."""
        ...

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        """Yield int16 mono pieces (n_samples,) of any length as they are made. Raises VoiceError."""
        ...


def checked(utterance: Utterance, max_text_chars: int) -> Utterance:
    """The utterance without control characters other than line ends, language in lower case.

    Raises InvalidInputError when the text is too long or the speed is outside SPEED_RANGE.
    """
    if len(utterance.text) > max_text_chars:
        raise InvalidInputError(
            f"TEXT has {len(utterance.text)} characters, the limit is {max_text_chars}; send it in parts"
        )
    slowest, fastest = SPEED_RANGE
    if not (math.isfinite(utterance.speed) and slowest <= utterance.speed <= fastest):
        raise InvalidInputError(f"SPEED must be between {slowest} and {fastest}, not {utterance.speed:g}")
    text = "".join(
        " " if unicodedata.category(letter) == "Cc" and letter != "\n" else letter
        for letter in utterance.text
    )
    language = utterance.language.strip().lower().replace("_", "-")
    return replace(
        utterance,
        text=text.strip(),
        voice=utterance.voice.strip(),
        language="" if language == "auto" else language,
    )


def is_speakable(text: str) -> bool:
    """Whether a voice would say anything: punctuation, spaces and emoji alone are silence."""
    return any(character.isalnum() for character in text)


def cut(audio: NDArray[np.int16], max_samples: int) -> Iterator[NDArray[np.int16]]:
    """The same samples in pieces of at most `max_samples`; nothing for empty audio."""
    for start in range(0, len(audio), max_samples):
        yield audio[start : start + max_samples]
