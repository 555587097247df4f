from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from benchmarks.endpointing import Ending, Sentence, report
from benchmarks.pauses import Audio, Paused, background, boundaries, paused, quietest, room_tone

RATE = 16_000


def word(text: str, start: float, end: float) -> dict[str, Any]:
    return {"word": text, "start": start, "end": end}


WORDS = [
    word(" Take", 0.0, 0.3),
    word(" it,", 0.3, 0.8),
    word(" to", 0.8, 1.0),
    word(" the", 1.0, 1.4),
    word(" moon.", 1.5, 2.0),
]


def loud(n_samples: int) -> Audio:
    return np.full(n_samples, 0.5, np.float32)


def test_only_boundaries_of_the_middle_without_punctuation_are_inside_a_phrase() -> None:
    assert boundaries(WORDS) == [2, 3]
    assert boundaries(WORDS[:3]) == []


def test_a_cut_moves_to_where_it_is_quietest() -> None:
    audio = loud(RATE)
    audio[8_400:8_560] = 0.01
    assert 8_400 <= quietest(audio, 8_000) <= 8_560


def test_room_tone_is_the_recordings_own_quietest_part() -> None:
    audio = loud(RATE)
    audio[4_800:8_000] = 0.005
    quiet = background(audio)
    assert quiet is not None
    assert set(room_tone(quiet, 10_000)) == {np.float32(0.005)}
    assert room_tone(quiet, 10_000).shape == (10_000,)


@pytest.mark.parametrize("audio", [loud(RATE), loud(100)])
def test_a_voice_without_a_quiet_moment_has_no_background(audio: Audio) -> None:
    assert background(audio) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_pause_is_put_in_and_nothing_of_the_sentence_is_lost(seed: int) -> None:
    audio = np.concatenate([loud(20_000), np.zeros(4_000, np.float32), loud(8_000)])
    made = paused(audio, np.zeros(3_200, np.float32), WORDS, Random(seed))
    assert made is not None
    assert 300 <= made.pause_ms <= 800
    assert len(made.audio) == len(audio) + made.pause_ms * 16
    assert made.before in ("Take it, to", "Take it, to the")
    cut = made.cut_ms * 16
    after = made.audio[-(len(audio) - cut - 16) :]
    np.testing.assert_array_equal(after, audio[-len(after) :])


def test_without_a_boundary_there_is_no_pause() -> None:
    assert paused(loud(RATE), loud(3_200), WORDS[:2], Random(0)) is None


def test_the_report_counts_ends_inside_a_sentence_and_the_waits_after_whole_ones() -> None:
    pause = Paused(loud(RATE), 500, 400, "Take it to")
    broken, whole = Sentence("a.wav", loud(RATE), 3_000, pause), Sentence("q", loud(RATE), 2_000, None)
    endings = [
        Ending(broken, [600.0, 2_950.0], 1_216.0, ""),
        Ending(broken, [2_900.0], 1_216.0, ""),
        Ending(whole, [1_990.0], 416.0, ""),
        Ending(whole, [1_990.0], None, ""),
    ]
    said = report(endings)
    assert "premature ends: 1 of 2 with a pause of 300-800 ms (50.0 %)" in said
    assert "a.wav: 400 ms after 'Take it to'" in said
    assert "2 questions 416 (416)" in said
