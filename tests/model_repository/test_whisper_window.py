"""The choice of Whisper's window and the guards on its text: pure, no weights."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.model_repository.model_folder import module

window = module("whisper", "window")

TEMPERATURES = (0.0, 0.4)
THRESHOLDS = window.Thresholds(compression_ratio=2.4, avg_logprob=-1.0, no_speech_probability=0.6)
FULL = (window.Attempt(30, 0.0), window.Attempt(30, 0.4))
SHORT = window.Attempt(15, 0.0)


def decoding(text: str = "Hello there.", **changes: Any) -> Any:
    values = {
        "tokens": (1, 2, 3),
        "avg_logprob": -0.2,
        "no_speech_probability": 0.0,
        "ended": True,
        **changes,
    }
    return window.Decoding(text=text, **values)


@pytest.mark.parametrize(
    ("audio_seconds", "floor_seconds", "first_window"),
    [(0.3, 15, 15), (14.0, 15, 15), (14.1, 15, 30), (25.0, 15, 30), (0.5, 1, 2), (3, 30, 30), (17, 20, 20)],
)
def test_the_first_window_fits_the_speech(
    audio_seconds: float, floor_seconds: float, first_window: int
) -> None:
    attempts = window.attempts(audio_seconds, floor_seconds, TEMPERATURES)
    assert attempts[0] == window.Attempt(first_window, 0.0)
    assert attempts[-2:] == FULL
    sampled = window.sampled_attempts(audio_seconds, floor_seconds, 0.7)
    windows = list(dict.fromkeys(attempt.window_seconds for attempt in attempts))
    assert [(attempt.window_seconds, attempt.temperature) for attempt in sampled] == [
        (w, 0.7) for w in windows
    ]


@pytest.mark.parametrize(
    ("audio_seconds", "floor_seconds", "window_seconds"), [(0.3, 5, 5), (3.1, 5, 6), (17, 5, 19), (29, 5, 30)]
)
def test_a_partial_is_decoded_once_in_a_tight_window(
    audio_seconds: float, floor_seconds: float, window_seconds: int
) -> None:
    assert window.partial_attempt(audio_seconds, floor_seconds) == window.Attempt(window_seconds, 0.0)


@pytest.mark.parametrize(
    ("tight", "shared"),
    [([], []), ([5], [5]), ([5, 9, 7], [9, 9, 9]), ([5, 12, 6, 30], [5, 12, 12, 30]), ([10, 20], [20, 20])],
)
def test_windows_of_a_batch_are_shared_where_none_is_more_than_doubled(
    tight: list[int], shared: list[int]
) -> None:
    assert window.shared(tight) == shared


@given(st.lists(st.integers(5, 30), max_size=8))
def test_shared_windows_are_never_shorter_and_at_most_twice_as_long(tight: list[int]) -> None:
    assert all(was <= now <= 2 * was for was, now in zip(tight, window.shared(tight), strict=True))


def test_a_repetition_in_a_short_window_is_doubted_and_in_the_full_one_believed() -> None:
    looping = decoding(tokens=(7, 8, 9, 8, 9, 8, 9))
    assert window.verdict(looping, SHORT, THRESHOLDS) is window.Verdict.DOUBTED
    assert window.verdict(looping, FULL[0], THRESHOLDS) is window.Verdict.BELIEVED


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "BELIEVED"),
        ({"text": "zero " * 40}, "DOUBTED"),
        ({"avg_logprob": -1.1}, "DOUBTED"),
        ({"avg_logprob": -1.1, "no_speech_probability": 0.7}, "SILENT"),
        ({"no_speech_probability": 0.9}, "BELIEVED"),
        ({"ended": False}, "DOUBTED"),
    ],
)
def test_verdicts(changes: dict[str, Any], verdict: str) -> None:
    assert window.verdict(decoding(**changes), SHORT, THRESHOLDS) is window.Verdict[verdict]


def test_of_doubted_texts_the_likeliest_that_does_not_repeat_itself_is_kept() -> None:
    loop = decoding(text="no " * 60, avg_logprob=-0.1)
    unlikely, likelier = decoding(text="b", avg_logprob=-3.0), decoding(text="c", avg_logprob=-2.0)
    assert window.best([loop, unlikely, likelier], THRESHOLDS) is likelier


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        ((7, 8, 9, 8, 9, 8, 9), (7, 8, 9)),
        ((7, 8, 9, 8, 9, 8, 9, 8), (7, 8, 9)),
        ((5, 5, 5), (5,)),
        ((7, 8, 9, 8, 9), (7, 8, 9, 8, 9)),
        ((), ()),
    ],
)
def test_a_phrase_said_three_times_over_is_kept_once(tokens: tuple[int, ...], said: tuple[int, ...]) -> None:
    assert window.said_once(tokens) == said


@pytest.mark.parametrize(
    ("tokens", "text", "kept"),
    [
        ((7, 8, 9, 8, 9, 8, 9), "a b c b c b c", (7, 8, 9)),
        ((7, 8, 9), "a b c", (7, 8, 9)),
        ((7, 8, 9), "word " * 40, ()),
    ],
)
def test_of_a_doubted_partial_a_loop_is_kept_once_and_other_repetitive_text_not_at_all(
    tokens: tuple[int, ...], text: str, kept: tuple[int, ...]
) -> None:
    assert window.salvaged(decoding(text, tokens=tokens, ended=False), THRESHOLDS) == kept


def test_a_partial_may_write_less_than_a_final_text() -> None:
    assert window.token_limit(5, partial=True) < window.token_limit(5, partial=False)


@given(seconds=st.floats(0.1, 200), seed=st.integers(0, 9))
def test_the_cuts_cover_the_audio_in_pieces_of_at_most_30_s(seconds: float, seed: int) -> None:
    audio = np.random.default_rng(seed).standard_normal(int(seconds * 16_000), np.float32)
    pieces = window.cuts(audio)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == audio.size
    assert all(0 < end - begin <= 30 * 16_000 for begin, end in pieces)
    assert all(begin == end for (_, end), (begin, _) in itertools.pairwise(pieces))


def test_a_cut_falls_into_the_pause() -> None:
    audio = np.ones(40 * 16_000, np.float32)
    audio[27 * 16_000 : 27 * 16_000 + 3_200] = 0
    (_, end), _ = window.cuts(audio)
    assert 27 * 16_000 < end < 27 * 16_000 + 3_200
