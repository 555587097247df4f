"""What the `tts` model says for what was written: tables reviewed by hand, and what holds for every text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.model_repository.model_folder import module

arabic_numbers = module("tts", "arabic_numbers")
english_numbers = module("tts", "english_numbers")
markup = module("tts", "markup")
speech = module("tts", "speech")
spoken = module("tts", "spoken")
synthesizer = module("tts", "synthesizer")

LANGUAGES = ["en", "en-gb", "ar", "de", "zh", ""]


def table(name: str) -> list[list[str]]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines]


@pytest.mark.parametrize(("written", "said"), table("spoken_english.tsv"))
def test_english_is_written_out(written: str, said: str) -> None:
    assert spoken.spoken(written, "en") == said


@pytest.mark.parametrize(("written", "said"), table("spoken_arabic.tsv"))
def test_arabic_is_written_out(written: str, said: str) -> None:
    assert spoken.spoken(written, "ar") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Es kostet 5,50 € am 3.5.2026.", "Es kostet 5,50 € am 3.5.2026."),
        ("Voir **ici** : https://www.exemple.fr/page?a=1", "Voir ici : exemple.fr/page"),
        ("价格是3.5元 😀。", "价格是3.5元 。"),
        ("قیمت ۵ تومان", "قیمت ۵ تومان"),
    ],
)
def test_other_languages_keep_their_digits(written: str, said: str) -> None:
    assert spoken.spoken(written, "fr") == said


def test_the_region_decides_which_number_of_a_date_is_the_month() -> None:
    assert spoken.spoken("4/5/2026", "en") == "April fifth, twenty twenty-six"
    assert spoken.spoken("4/5/2026", "en-gb") == "May fourth, twenty twenty-six"


def test_the_script_decides_where_the_language_cannot_be_right() -> None:
    assert spoken.spoken("عندي 3 كتب", "en") == "عندي ثلاثة كتب"
    assert spoken.spoken("I have 3", "ar") == "I have three"
    assert spoken.spoken("有3本书", "en") == "有3本书"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Bold** and *italic* and __both__ and _one_.", "Bold and italic and both and one."),
        ("**Cut in", "Cut in"),
        ("two.**", "two."),
        ("## A heading\nAnd text.", "A heading. And text."),
        ("Two\nlines.", "Two lines."),
        ("- milk\n* bread!\n+ tea\n1. salt\n2) sugar", "milk. bread! tea. 1. salt. 2) sugar"),
        ("- [x] done", "done"),
        ("Use `make test` now.", "Use make test now."),
        ("Run:\n```python\nprint(1)\n```", "Run: print(1)"),
        ("See [the guide](https://example.com/a).", "See the guide."),
        ("![a cat](cat.png) sits", "a cat sits"),
        ("As shown.[1] Right[^2].", "As shown. Right."),
        ("| a | b |\n|---|---|\n| c | d |", "a, b. c, d"),
        ("2 * 3 is 2*3, and 2**3 is 8.", "2 * 3 is 2*3, and 2**3 is 8."),
        ("snake_case stays, so does C# and #1.", "snake_case stays, so does C# and #1."),
        ("> quoted\n> text", "quoted text"),
        ("~~gone~~", "gone"),
        ("Great 😀👍🏽! 👨‍👩‍👧 🇫🇷 1️⃣ ❤️", "Great! 1"),
        ("Fine :) and :smile: good", "Fine and good"),
        ("a\n---\nb", "a. b"),
        ("<b>AT&amp;T</b><br/>line", "AT&T line"),
        ("3 < 4 and 5 % of $20", "3 < 4 and 5 % of $20"),
        ("می‌خواهم", "می‌خواهم"),
        ("مرحبا **بك**!", "مرحبا بك!"),
    ],
)
def test_markup_and_emoji_are_not_spoken(written: str, said: str) -> None:
    assert markup.without_markup(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("https://example.com/a/b/c/d/e", "example dot com slash a slash b slash c"),
        ("(http://user:secret@example.com:8080/x)", "(example dot com colon eighty eighty slash x)"),
        ("Go to example.com/docs, then rest.", "Go to example dot com slash docs, then rest."),
        ("https://youtu.be/dQw4w9WgXcQ?si=abc", "youtu dot be"),
        ("It ends here.Then it goes on.", "It ends here.Then it goes on."),
        ("first_last+tag@mail.example.org", "first underscore last plus tag at mail dot example dot org"),
    ],
)
def test_addresses_are_shortened_and_read_out(written: str, said: str) -> None:
    assert spoken.spoken(written, "en").replace("eight thousand eighty", "eighty eighty") == said


@given(st.integers(0, 10**15 - 1))
@example(0)
@example(1_000_000)
def test_english_numbers_can_be_read_back(n: int) -> None:
    assert english_value(english_numbers.cardinal(n)) == n


def english_value(words: str) -> int:
    scales = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
    ones = {word: value for value, word in enumerate(english_numbers.ONES)}
    tens = {english_numbers.cardinal(10 * ten): 10 * ten for ten in range(2, 10)}
    total, group = 0, 0
    for word in re.split(r"[ -]", words):
        if word in scales:
            total, group = total + group * scales[word], 0
        else:
            group = group * 100 if word == "hundred" else group + {**ones, **tens}[word]
    return total + group


@given(st.integers(0, 10**15 - 1), st.booleans(), st.booleans(), st.booleans())
def test_arabic_numbers_are_words_joined_by_waw(n: int, feminine: bool, oblique: bool, before: bool) -> None:
    words = arabic_numbers.cardinal(n, feminine=feminine, oblique=oblique, before_noun=before)
    assert re.fullmatch(r"[\u0621-\u0652]+(?: [\u0621-\u0652]+)*", words)
    assert "_" not in words


@pytest.mark.parametrize(
    ("n", "masculine", "feminine"),
    [
        (1, "كتاب واحد", "سيارة واحدة"),
        (2, "كتابان", "سيارتان"),
        (3, "ثلاثة كتب", "ثلاث سيارات"),
        (8, "ثمانية كتب", "ثماني سيارات"),
        (10, "عشرة كتب", "عشر سيارات"),
        (11, "أحد عشر كتابًا", "إحدى عشرة سيارة"),
        (12, "اثنا عشر كتابًا", "اثنتا عشرة سيارة"),
        (18, "ثمانية عشر كتابًا", "ثماني عشرة سيارة"),
        (20, "عشرون كتابًا", "عشرون سيارة"),
        (21, "واحد وعشرون كتابًا", "إحدى وعشرون سيارة"),
        (32, "اثنان وثلاثون كتابًا", "اثنتان وثلاثون سيارة"),
        (100, "مئة كتاب", "مئة سيارة"),
        (101, "مئة كتاب وكتاب واحد", "مئة سيارة وسيارة واحدة"),
        (103, "مئة وثلاثة كتب", "مئة وثلاث سيارات"),
        (200, "مئتا كتاب", "مئتا سيارة"),
        (215, "مئتان وخمسة عشر كتابًا", "مئتان وخمس عشرة سيارة"),
        (1000, "ألف كتاب", "ألف سيارة"),
        (2000, "ألفا كتاب", "ألفا سيارة"),
        (3000, "ثلاثة آلاف كتاب", "ثلاثة آلاف سيارة"),
        (11_000, "أحد عشر ألف كتاب", "أحد عشر ألف سيارة"),
        (200_000, "مئتا ألف كتاب", "مئتا ألف سيارة"),
        (2_000_000, "مليونا كتاب", "مليونا سيارة"),
    ],
)
def test_what_is_counted_agrees_with_its_number(n: int, masculine: str, feminine: str) -> None:
    noun = arabic_numbers.Noun
    assert arabic_numbers.counted(n, noun("كتاب", "كتب")) == masculine
    assert arabic_numbers.counted(n, noun("سيارة", "سيارات", feminine=True)) == feminine


PARTS = """12 3.5 1,000 -7 % $ € £ SAR ر.س km كم °C am p.m. : / - – . , ; ! ( ) [ ] ** * _ ` # & + = × @ ~ ٣ ۵ ½ ² …
    Dr. etc. e.g. No. v1.2 https://a.com/b x@y.org 2026-11-25 14:30 5/6 Nov 25 the in from من الساعة عام و بـ نوفمبر
    مليون ريال ال 今天 😀 word كتب \n | - > ``` <b>"""
PLAIN = "The good old house, it is late. Who knows? نعم البيت كبير، جميل! 今天很好。 Così è"
part = st.one_of(st.sampled_from([*PARTS.split(" "), " ", " "]), st.text(max_size=4))
texts = st.lists(part, max_size=40).map("".join)
plain_texts = st.lists(st.sampled_from(PLAIN.split()), min_size=1).map(" ".join)


@given(texts, st.sampled_from(LANGUAGES))
def test_what_can_be_spoken_is_never_silent(text: str, language: str) -> None:
    for words in (spoken.spoken(text, language), spoken.readable(text)):
        assert speech.is_speakable(words) or not speech.is_speakable(text)


@given(texts)
def test_no_digit_of_ours_is_left(text: str) -> None:
    for language, letter in (("en", "a"), ("ar", "ب")):
        assert not re.search("[0-9]", spoken.spoken(f"{letter} {text}", language))


@given(plain_texts, st.sampled_from(LANGUAGES))
def test_plain_words_stay_as_they_are(text: str, language: str) -> None:
    assert spoken.spoken(text, language) == spoken.readable(text) == text


@given(
    st.sampled_from(table("spoken_english.tsv") + table("spoken_arabic.tsv")), st.sampled_from(["en", "ar"])
)
def test_what_has_been_written_out_stays(case: list[str], language: str) -> None:
    assert spoken.spoken(case[1], language) == case[1]


class Noting:
    """A voice that keeps what it was given to say."""

    name = "noting"
    sample_rate = 16_000

    def __init__(self, language: str, *, reads_numbers: bool) -> None:
        self.language = language
        self.reads_numbers = reads_numbers
        self.said: list[str] = []

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        self.said.append(text)
        yield np.zeros(int(100 / speed), np.int16)


def said_by(voice: Noting, language: str) -> str:
    utterance = speech.checked(speech.Utterance("**5 km**\n- 3 kg", language=language), 100)
    speaker: Any = synthesizer.Synthesizer({}, None, 500)
    list(speaker.speak(utterance, synthesizer.Cast(voice, None)))
    return voice.said[0]


def test_a_plain_voice_gets_words_in_the_callers_language_or_its_own() -> None:
    assert said_by(Noting("en-us", reads_numbers=False), "") == "five kilometers. three kilograms"
    assert said_by(Noting("de-de", reads_numbers=False), "en") == "five kilometers. three kilograms"
    assert said_by(Noting("de-de", reads_numbers=False), "") == "5 km. 3 kg"


def test_a_voice_that_reads_numbers_gets_them_without_markup() -> None:
    assert said_by(Noting("en-us", reads_numbers=True), "en") == "5 km. 3 kg"
