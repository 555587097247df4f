from __future__ import annotations

import pytest

from orchestrator.words import common, joined, keys, same_words, words


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("What's the capital?", "en", ["whats", "the", "capital"]),
        ("… $5 – “Hello”, she", "en", ["5", "hello", "she"]),
        ("نعم، من فضلك؟", "ar", ["نعم", "من", "فضلك"]),
        ("你好，iPhone 很好。", "zh", ["你", "好", "iphone", "很", "好"]),
        ("ที่นี่", "th", ["ที่", "นี่"]),
        ("...", "en", []),
        ("", "en", []),
    ],
)
def test_words_are_letters_between_spaces_or_characters(
    text: str, language: str, expected: list[str]
) -> None:
    assert keys(words(text, language)) == expected


@pytest.mark.parametrize(
    ("text", "language", "ends"),
    [
        ("“Is it?” he", "en", ["“Is", "“Is it", "“Is it?” he"]),
        ("好，的。", "zh", ["好", "好，的"]),
        ("ที่ ดี", "th", ["ที่", "ที่ ดี"]),
    ],
)
def test_a_word_ends_before_its_punctuation(text: str, language: str, ends: list[str]) -> None:
    assert [text[: word.end] for word in words(text, language)] == ends


@pytest.mark.parametrize(
    ("known", "heard", "expected"),
    [
        ("", "the cat", 0),
        ("the cat", "the cat sat", 2),
        ("the cat", "a cat sat", 2),
        ("the cat", "cat sat", 1),
        ("the cat", "there is the cat sat", 4),
        ("the cat", "dog", 1),
        ("the cat", "", 0),
    ],
)
def test_known_words_are_found_again_though_they_are_heard_differently(
    known: str, heard: str, expected: int
) -> None:
    assert same_words(known.split(), heard.split()) == expected


def test_two_transcripts_have_their_first_words_in_common() -> None:
    assert common(["one", "two", "three"], ["one", "two", "four"]) == 2


@pytest.mark.parametrize(
    ("before", "after", "language", "expected"),
    [
        ("Hello", "there", "en", "Hello there"),
        ("Hello", " there", "en", "Hello there"),
        ("Hello", ", there", "en", "Hello, there"),
        ("Hello", "", "en", "Hello"),
        ("", "there", "en", "there"),
        ("你", "好", "zh", "你好"),
    ],
)
def test_texts_are_joined_without_words_running_together(
    before: str, after: str, language: str, expected: str
) -> None:
    assert joined(before, after, language) == expected
