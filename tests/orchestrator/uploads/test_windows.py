"""Where a long recording is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE
from orchestrator.uploads.windows import FRAMES_PER_SECOND, Window, Windows

LONGEST_SECONDS = 14.05


def cut(probabilities: list[float]) -> list[Window]:
    """The windows of frames whose samples hold the frame's number."""
    windows = Windows(0.5)
    found = [
        windows.push(np.full(FRAME_SAMPLES, n, dtype=np.float32), probability)
        for n, probability in enumerate(probabilities)
    ]
    return [window for window in (*found, windows.flush()) if window]


def frames(seconds: float, probability: float) -> list[float]:
    return [probability] * round(seconds * FRAMES_PER_SECOND)


def length(window: Window) -> float:
    return len(window.audio) / SAMPLE_RATE


def test_silence_is_no_window() -> None:
    assert cut(frames(60, 0.1)) == []


def test_a_window_begins_shortly_before_the_voice() -> None:
    (window,) = cut(frames(5, 0.0) + frames(2, 0.9) + frames(5, 0.0))
    assert 4.6 < window.start_seconds < 5.0
    assert 2.2 < length(window) < 3.0


def test_a_pause_ends_a_window_that_is_long_enough() -> None:
    spoken = frames(4, 0.9) + frames(0.6, 0.0)
    windows = cut(spoken * 4)
    assert [round(length(window)) for window in windows] == [9, 9]


def test_a_long_pause_ends_a_window_of_any_length() -> None:
    assert len(cut((frames(1, 0.9) + frames(3, 0.0)) * 3)) == 3


def test_speech_without_a_pause_is_cut_where_it_is_weakest() -> None:
    first, *_ = cut(frames(10, 0.9) + frames(0.2, 0.55) + frames(10, 0.9))
    assert 9.9 < length(first) < 10.3


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.05, 20), st.sampled_from([0.0, 0.4, 0.6, 0.95])), max_size=12))
def test_no_voiced_frame_is_lost_or_heard_twice_and_no_window_is_too_long(
    parts: list[tuple[float, float]],
) -> None:
    probabilities = [p for seconds, probability in parts for p in frames(seconds, probability)]
    windows = cut(probabilities)
    assert all(length(window) <= LONGEST_SECONDS for window in windows)
    heard = [int(n) for window in windows for n in window.audio[::FRAME_SAMPLES]]
    assert heard == sorted(set(heard))
    assert {n for n, p in enumerate(probabilities) if p >= 0.5} <= set(heard)
    for window in windows:
        assert window.start == window.audio[0] * FRAME_SAMPLES
        assert len(window.probabilities) * FRAME_SAMPLES == len(window.audio)
