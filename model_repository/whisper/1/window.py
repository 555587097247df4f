"""How much the encoder sees, and whether what the decoder wrote can be believed. Pure: no model, no clock.

Whisper was trained on 30 s windows, and faster-whisper pads every clip to that. The encoder takes shorter input at a
fraction of the cost, but a decoder that sees too little silence after the speech may repeat itself. So a window has a
floor, its text passes a guard, and what does not pass is decoded again in the full window (`docs/log.md`).
"""

from __future__ import annotations

import enum
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
FULL_WINDOW_SECONDS = 30

# Silence that the decoder should see behind the speech.
_MARGIN_SECONDS = 1
# A partial ends within a word, and its window is not tried again in full.
_PARTIAL_MARGIN_SECONDS = 2
_MOST_WIDENING = 2
# Beyond this a window that just fits loses words against the full one.
_LONGEST_FITTED_SECONDS = 15
# Long audio is cut at its quietest tenth of a second among the last 5 s of a window.
_CUT_SEARCH_SAMPLES = 5 * SAMPLE_RATE
_CUT_STEP_SAMPLES = SAMPLE_RATE // 10
# No language needs more tokens a second; a decode beyond it is running in circles.
_MOST_TOKENS_PER_SECOND = 25
# Twice what people say in eleven languages; faster speech in a wordier script lags until the final transcript.
_PARTIAL_TOKENS_PER_SECOND = 12
_SPARE_TOKENS = 16
_REPEATS = 3
# -66 dBFS: nobody speaks that softly, and Whisper invents words for it.
_INAUDIBLE = 0.0005


@dataclass(frozen=True)
class Attempt:
    """One decode: the window that the encoder sees, and the temperature of sampling (0 = greedy or beam)."""

    window_seconds: int
    temperature: float


@dataclass(frozen=True)
class Decoding:
    """What one attempt wrote, with Whisper's measures of confidence."""

    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_probability: float
    ended: bool  # False where the limit of tokens stopped it


@dataclass(frozen=True)
class Thresholds:
    """Beyond which a decoding is thrown away (`faster_whisper.WhisperModel.transcribe` has the same)."""

    compression_ratio: float
    avg_logprob: float
    no_speech_probability: float


class Verdict(enum.Enum):
    """What to do with a decoding."""

    BELIEVED = enum.auto()
    SILENT = enum.auto()
    DOUBTED = enum.auto()


def attempts(
    audio_seconds: float, floor_seconds: float, temperatures: tuple[float, ...]
) -> tuple[Attempt, ...]:
    """The decodes to try in turn: the fitting window where there is one, then the full window."""
    needed_seconds = math.ceil(audio_seconds + _MARGIN_SECONDS)
    full = tuple(Attempt(FULL_WINDOW_SECONDS, temperature) for temperature in temperatures)
    if needed_seconds > max(floor_seconds, _LONGEST_FITTED_SECONDS) or floor_seconds >= FULL_WINDOW_SECONDS:
        return full
    return (Attempt(max(math.ceil(floor_seconds), needed_seconds), 0.0), *full)


def sampled_attempts(audio_seconds: float, floor_seconds: float, temperature: float) -> tuple[Attempt, ...]:
    """The decodes at a temperature that the caller chose: in the same windows, at no other."""
    windows = [attempt.window_seconds for attempt in attempts(audio_seconds, floor_seconds, (0.0,))]
    return tuple(Attempt(seconds, temperature) for seconds in windows)


def partial_attempt(audio_seconds: float, floor_seconds: float) -> Attempt:
    """The one decode of an utterance that goes on: a wrong word is mended by the next, so its window is tighter."""
    needed_seconds = math.ceil(audio_seconds + _PARTIAL_MARGIN_SECONDS)
    return Attempt(min(FULL_WINDOW_SECONDS, max(math.ceil(floor_seconds), needed_seconds)), 0.0)


def shared(windows_seconds: Sequence[int]) -> list[int]:
    """The windows of a batch, some widened so that more clips share a decode, none to more than twice its length.

    Decoding four clips together takes twice the time of one; the encoder pays only for the seconds added.
    """
    widened = list(windows_seconds)
    leader = 0
    for i in sorted(range(len(widened)), key=lambda i: -widened[i]):
        if widened[i] * _MOST_WIDENING < leader or not leader:
            leader = widened[i]
        widened[i] = leader
    return widened


def token_limit(audio_seconds: float, *, partial: bool) -> int:
    """More tokens than this are not speech of that length; a partial is cut sooner, for a loop takes its time."""
    per_second = _PARTIAL_TOKENS_PER_SECOND if partial else _MOST_TOKENS_PER_SECOND
    return _SPARE_TOKENS + math.ceil(audio_seconds * per_second)


def compression_ratio(text: str) -> float:
    """How far zlib shrinks the text: high where it repeats itself."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded))


def repeats(tokens: tuple[int, ...]) -> bool:
    """Whether the tokens end in a phrase said three times over, which zlib misses in short texts."""
    longest = len(tokens) // _REPEATS
    return any(tokens[-n * _REPEATS :] == tokens[-n:] * _REPEATS for n in range(1, longest + 1))


def said_once(tokens: tuple[int, ...]) -> tuple[int, ...]:
    """The tokens without the echoes of a phrase that ends them three times over or more."""
    for n in range(1, len(tokens) // _REPEATS + 1):
        if tokens[-n * _REPEATS :] == tokens[-n:] * _REPEATS:
            end = len(tokens)
            while end > n and tokens[end - 1] == tokens[end - 1 - n]:
                end -= 1
            return tokens[:end]
    return tokens


def salvaged(decoding: Decoding, thresholds: Thresholds) -> tuple[int, ...]:
    """What a doubted text is worth that is not decoded again: a loop is kept once, other repetitive text not at all."""
    tokens = said_once(decoding.tokens)
    if tokens == decoding.tokens and compression_ratio(decoding.text) > thresholds.compression_ratio:
        return ()
    return tokens


def is_audible(audio: NDArray[np.float32]) -> bool:
    """Whether anything is louder than the noise of a silent line."""
    return bool(np.abs(audio).max() > _INAUDIBLE)


def verdict(decoding: Decoding, attempt: Attempt, thresholds: Thresholds) -> Verdict:
    """Judge one attempt; a short window is judged harder, since the full one can still be tried."""
    unsure = decoding.avg_logprob < thresholds.avg_logprob
    if unsure and decoding.no_speech_probability > thresholds.no_speech_probability:
        return Verdict.SILENT
    if unsure or compression_ratio(decoding.text) > thresholds.compression_ratio:
        return Verdict.DOUBTED
    in_circles = not decoding.ended or repeats(decoding.tokens)
    if in_circles and attempt.window_seconds < FULL_WINDOW_SECONDS:
        return Verdict.DOUBTED
    return Verdict.BELIEVED


def best(decodings: Sequence[Decoding], thresholds: Thresholds) -> Decoding:
    """The likeliest of decodings that were all doubted, one that does not repeat itself if there is one."""
    varied = [d for d in decodings if compression_ratio(d.text) <= thresholds.compression_ratio]
    return max(varied or decodings, key=lambda decoding: decoding.avg_logprob)


def cuts(audio: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Begin and end, in samples, of consecutive pieces of at most 30 s, cut where the audio is quiet."""
    full_samples = FULL_WINDOW_SECONDS * SAMPLE_RATE
    pieces, begin = [], 0
    while audio.size - begin > full_samples:
        end = begin + full_samples
        end -= _CUT_SEARCH_SAMPLES - _quietest(audio[end - _CUT_SEARCH_SAMPLES : end])
        pieces.append((begin, end))
        begin = end
    return [*pieces, (begin, audio.size)]


def _quietest(audio: NDArray[np.float32]) -> int:
    """The sample in the middle of the step with the least energy."""
    energy = np.square(audio.reshape(-1, _CUT_STEP_SAMPLES)).sum(axis=1)
    return int(energy.argmin()) * _CUT_STEP_SAMPLES + _CUT_STEP_SAMPLES // 2
