"""Sentences with a pause inside a phrase: a recording cut between two words, with its own room tone put in.

Audio is float32 at 16 kHz. Which words there are, and where, is said from outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from client.conversation import SAMPLE_RATE

Audio = NDArray[np.float32]

PAUSE_MS = (300, 800)
_BACKGROUND_SAMPLES = SAMPLE_RATE // 5
_LOUDEST_BACKGROUND = 10 ** (-35 / 10)  # of the energy of the loudest 10 ms
_HOP_SAMPLES = SAMPLE_RATE // 100
_SNAP_SAMPLES = SAMPLE_RATE * 6 // 100
_NARROW_SAMPLES = SAMPLE_RATE // 200
_FADE_SAMPLES = SAMPLE_RATE // 200
_MIDDLE = (0.2, 0.8)
_PUNCTUATION = ".?!,;:…。？！、，؟،؛"


@dataclass(frozen=True)
class Paused:
    """A sentence with a pause in it, from `cut_ms` on for `pause_ms`; `before` are the words up to there."""

    audio: Audio
    cut_ms: int
    pause_ms: int
    before: str


def paused(audio: Audio, quiet: Audio, words: Sequence[dict[str, Any]], random: Random) -> Paused | None:
    """`audio` with a pause of 300-800 ms at one of its boundaries; None where it has none inside a phrase.

    `quiet` as from `background`; `words` as in the `whisper` model's SEGMENTS: `start` and `end` in seconds, `word`.
    """
    inside = boundaries(words)
    if not inside:
        return None
    index = random.choice(inside)
    cut = quietest(audio, round((words[index]["end"] + words[index + 1]["start"]) / 2 * SAMPLE_RATE))
    pause_ms = random.randint(*PAUSE_MS)
    tone = room_tone(quiet, pause_ms * SAMPLE_RATE // 1000)
    before = "".join(word["word"] for word in words[: index + 1]).strip()
    joined = np.concatenate([faded_out(audio[:cut]), tone, audio[cut:]])
    return Paused(joined, cut * 1000 // SAMPLE_RATE, pause_ms, before)


def boundaries(words: Sequence[dict[str, Any]]) -> list[int]:
    """Indices of the words of the sentence's middle that another one follows without punctuation between."""
    if len(words) < 4:
        return []
    begin, end = words[0]["start"], words[-1]["end"]
    low, high = (begin + part * (end - begin) for part in _MIDDLE)
    return [
        index
        for index, word in enumerate(words[1:-1], start=1)
        if low <= word["end"] <= high and str(word["word"]).strip()[-1:] not in _PUNCTUATION
    ]


def quietest(audio: Audio, near: int) -> int:
    """The sample within 60 ms of `near` around which 10 ms are quietest: Whisper's times are rough."""
    first = max(_NARROW_SAMPLES, near - _SNAP_SAMPLES)
    last = min(len(audio) - _NARROW_SAMPLES, near + _SNAP_SAMPLES)
    candidates = range(first, max(first + 1, last), 16)
    return min(candidates, key=lambda at: _energy(audio[at - _NARROW_SAMPLES : at + _NARROW_SAMPLES]))


def background(recording: Audio) -> Audio | None:
    """The recording's quietest 200 ms; None where its voice, or a loud room, leaves none that is quiet."""
    starts = range(0, len(recording) - _BACKGROUND_SAMPLES + 1, _HOP_SAMPLES)
    windows = [recording[start : start + _BACKGROUND_SAMPLES] for start in starts]
    if not windows:
        return None
    quietest_window = min(windows, key=_energy)
    loudest = max(_energy(recording[start : start + _HOP_SAMPLES]) for start in starts)
    return quietest_window if _energy(quietest_window) <= loudest * _LOUDEST_BACKGROUND else None


def room_tone(quiet: Audio, n_samples: int) -> Audio:
    """`n_samples` of the background `quiet`, forwards and backwards in turns."""
    return np.resize(np.concatenate([quiet, quiet[::-1]]), n_samples).astype(np.float32)


def faded_out(audio: Audio) -> Audio:
    """`audio` with its last 5 ms fading, so that a cut does not click."""
    gain = np.ones(len(audio), np.float32)
    n_samples = min(_FADE_SAMPLES, len(audio))
    gain[len(audio) - n_samples :] = np.linspace(1, 0, n_samples, dtype=np.float32)
    return audio * gain


def _energy(audio: Audio) -> float:
    return float(np.square(audio).mean())
