from __future__ import annotations

import numpy as np
import pytest

from orchestrator.audio import FRAME_SAMPLES
from orchestrator.hearing import Decode, Hearing
from orchestrator.inference import Transcript
from orchestrator.scripted import Scripted
from orchestrator.turn_events import Utterance

N_FRAMES = 40


def heard(probability: float = 0.95, language: str | None = None) -> tuple[Hearing, Decode]:
    """Ears that have heard the beginning of an utterance, and what they ask about it."""
    hearing = Hearing(Scripted(), N_FRAMES * FRAME_SAMPLES)
    hearing.begin(1, language, FRAME_SAMPLES)
    for number in range(N_FRAMES):
        hearing.append(np.full(FRAME_SAMPLES, number, dtype=np.float32), probability)
    decode = hearing.partial(1, 0, N_FRAMES * FRAME_SAMPLES, 0.5)
    assert decode is not None
    return hearing, decode


def test_first_words_are_shown_once_the_language_is_likely() -> None:
    hearing, decode = heard()
    assert hearing.understood(1, decode, Transcript("sous what you", "fr", language_probability=0.3)) is None
    shown = hearing.understood(1, decode, Transcript("What do you", "en", language_probability=0.8))
    assert shown is not None
    assert (shown.text, hearing.shown(1)) == ("What do you", "What do you")


def test_where_the_language_is_set_its_probability_does_not_matter() -> None:
    hearing, decode = heard(language="en")
    assert hearing.understood(1, decode, Transcript("What", "en", language_probability=0.1)) is not None


@pytest.mark.parametrize(("probability", "text"), [(0.51, ""), (0.95, "Thank you.")])
def test_words_count_only_where_a_voice_carried_them(probability: float, text: str) -> None:
    hearing, decode = heard(probability)
    transcript = Transcript("Thank you.", "en", average_log_probability=-0.7)
    assert decode.whole(transcript).text == text
    assert (hearing.understood(1, decode, transcript) is None) is (not text)


def test_what_is_asked_keeps_its_audio_whatever_is_heard_after_it() -> None:
    hearing, _ = heard()
    decode = hearing.final(Utterance(1, 0, 2 * FRAME_SAMPLES, 2 * FRAME_SAMPLES), 0.5)
    for _ in range(N_FRAMES):
        hearing.append(np.full(FRAME_SAMPLES, -1, dtype=np.float32), 0.0)
    assert decode.audio.tolist() == [0.0] * FRAME_SAMPLES + [1.0] * FRAME_SAMPLES


def test_what_was_shown_is_told_when_the_utterance_is_over_and_nothing_after_that() -> None:
    hearing, decode = heard()
    hearing.understood(1, decode, Transcript("What do you", "en"))
    assert hearing.end(1) == "What do you"
    assert hearing.end(1) == ""
    assert hearing.understood(1, decode, Transcript("What do you want", "en")) is None
