from __future__ import annotations

import pytest

from orchestrator.audio import FRAME_SAMPLES
from orchestrator.voicing import Voiced, Voicing


def heard(*probabilities: float, capacity_frames: int = 100) -> Voicing:
    voicing = Voicing(capacity_frames * FRAME_SAMPLES)
    for probability in probabilities:
        voicing.append(probability)
    return voicing


def test_only_frames_of_the_stretch_that_were_speech_count() -> None:
    voicing = heard(0.9, 0.8, 0.2, 0.6, 0.9)
    voiced = voicing.between(FRAME_SAMPLES, 4 * FRAME_SAMPLES, 0.5)
    assert voiced.ms == 64
    assert voiced.probability == pytest.approx(0.7)


def test_silence_and_what_was_not_heard_yet_are_no_speech() -> None:
    assert heard(0.1, 0.1).between(0, 10 * FRAME_SAMPLES, 0.5) == Voiced(0, 0.0)


def test_what_is_too_long_ago_is_left_out() -> None:
    voicing = heard(*[0.9] * 10, 0.6, 0.6, capacity_frames=3)
    assert voicing.between(0, 12 * FRAME_SAMPLES, 0.5).ms == 96
