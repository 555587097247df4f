"""What the words say about the end of a turn, and how long a silence has to be then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.config import TurnTakingSettings
from orchestrator.endpointing import Ending, end_silence_ms, ending_of

SETTINGS = TurnTakingSettings()
FINISHED, NEUTRAL, UNFINISHED = (
    SETTINGS.finished_silence_ms,
    SETTINGS.end_silence_ms,
    SETTINGS.unfinished_silence_ms,
)
BETWEEN = (FINISHED + UNFINISHED) // 2


@pytest.mark.parametrize(
    "text",
    [
        "I would like to book a table and",
        "I went to the.",  # Whisper's full stop
        "Well, um...",
        "Please remind me to",
        "I'd like a coffee,",
        "What is the",
        "What is the?",
        "Can I have a?",
        "Turn off the light in my",
        "Yes, because",
        "My number is 5 5 5",
        "It is zero six one.",
        "555 01",
        "I want.",
        "Is it raining? And if",
        "Call Dr. Smith and tell her that I'm",
    ],
)
def test_an_english_sentence_that_breaks_off_is_unfinished(text: str) -> None:
    assert ending_of(text, "en") is Ending.UNFINISHED


@pytest.mark.parametrize(
    "text",
    [
        "أريد أن أذهب إلى",
        "ذهبت إلى السوق و",
        "لا أستطيع لأن",
        "يعني",
        "أُرِيدُ أَنْ",
        "هل يمكنك؟",
        "أريد قهوة،",
        "رقمي صفر خمسة",
    ],
)
def test_an_arabic_sentence_that_breaks_off_is_unfinished(text: str) -> None:
    assert ending_of(text, "ar") is Ending.UNFINISHED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France?", "en"),
        ("Where are you from?", "en"),
        ("What time is it?", "en"),
        ("How much?", "en"),
        ("Do you know where it is?", "en"),
        ("And how long does that take?", "en"),
        ("It is cold. Can you close the window?", "en"),
        ("ماذا؟", "ar"),
        ("ما هي عاصمة فرنسا؟", "ar"),
        ("هل المتجر مفتوح اليوم؟", "ar"),
    ],
)
def test_a_question_that_was_asked_is_known(text: str, language: str) -> None:
    assert ending_of(text, language) is Ending.ASKED


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The window is open.", "en"),
        ("Yes, I am.", "en"),
        ("No, it is.", "en"),
        ("Six.", "en"),
        ("My number is 0 6 1 5 5 5 0 1 2 3.", "en"),
        ("It was in 1984.", "en"),
        ("Really?", "en"),
        ("نعم", "ar"),
        ("ذهبت إلى السوق", "ar"),
        ("Ich gehe in die.", "de"),
        ("Wie spät ist es?", "de"),
    ],
)
def test_what_is_stated_may_be_whole(text: str, language: str) -> None:
    assert ending_of(text, language) is Ending.STATED


@pytest.mark.parametrize(
    ("text", "language"),
    [("", "en"), ("  ", "ar"), ("Please enter the first three letters", "en"), ("Ich gehe in die", "de")],
)
def test_without_a_full_stop_where_one_is_usual_nothing_is_known(text: str, language: str) -> None:
    assert ending_of(text, language) is Ending.OPEN


@pytest.mark.parametrize(
    ("text", "probability", "silence_ms"),
    [
        ("What is the capital of France?", 0.99, FINISHED),
        ("What is the capital of France?", None, FINISHED),
        ("What is the capital?", 0.6, BETWEEN),
        ("What is the capital?", 0.1, UNFINISHED),
        ("The window is open.", 0.99, FINISHED),
        ("The window is open.", 0.8, BETWEEN),
        ("The window is open.", 0.1, UNFINISHED),
        ("The first three", 0.99, BETWEEN),
        ("The window is open.", None, NEUTRAL),
        ("I went to the", 0.99, UNFINISHED),
        ("I went to the", None, UNFINISHED),
        ("", None, NEUTRAL),
    ],
)
def test_the_silence_fits_what_was_said(text: str, probability: float | None, silence_ms: int) -> None:
    assert end_silence_ms(SETTINGS, text, "en", probability) == silence_ms


def test_without_understanding_every_silence_is_the_same() -> None:
    plain = TurnTakingSettings(semantic_endpointing=False, end_silence_ms=700)
    for text, probability in (("I went to the", 0.0), ("What is the capital of France?", 1.0), ("", None)):
        assert end_silence_ms(plain, text, "en", probability) == 700


@given(
    st.text(),
    st.sampled_from(["en", "ar", "de", "zh", ""]),
    st.none() | st.floats(0, 1),
)
def test_whatever_was_heard_has_one_of_the_silences(
    text: str, language: str, probability: float | None
) -> None:
    assert end_silence_ms(SETTINGS, text, language, probability) in (FINISHED, BETWEEN, NEUTRAL, UNFINISHED)
