"""Sentences and caption files of words with times."""

from __future__ import annotations

from orchestrator.uploads.captions import captions, joined, subrip, webvtt
from orchestrator.uploads.transcription import Passage, Word


def passage(*words: str, start: float = 0.0, language: str = "en", seconds_a_word: float = 0.5) -> Passage:
    timed = tuple(
        Word(word, start + n * seconds_a_word, start + (n + 1) * seconds_a_word)
        for n, word in enumerate(words)
    )
    end = start + len(words) * seconds_a_word
    return Passage("".join(words).strip(), start, end, language, timed, -0.2, 0.1, 0.0)


def test_each_sentence_is_a_caption_with_its_time() -> None:
    said = passage(" It", " is", " late.", " Good", " night!", start=10)
    shown = [(each.text, each.start, each.end) for each in captions([said])]
    assert shown == [("It is late.", 10.0, 11.5), ("Good night!", 11.5, 12.5)]


def test_a_long_sentence_is_cut_by_length_and_by_time() -> None:
    long = passage(*[" antidisestablishmentarianism"] * 7)
    assert [len(each.text) <= 84 for each in captions([long])] == [True, True, True, True]
    slow = passage(*[" well"] * 8, seconds_a_word=2.0)
    assert [each.end - each.start for each in captions([slow])] == [6.0, 6.0, 4.0]


def test_a_passage_without_times_of_words_is_one_caption() -> None:
    said = Passage("Hello. You.", 1.0, 2.0, "en", (), -0.2, 0.1, 0.0)
    assert [(each.text, each.start, each.end) for each in captions([said])] == [("Hello. You.", 1.0, 2.0)]


def test_passages_join_with_spaces_where_the_language_has_them() -> None:
    assert joined([passage(" One."), passage(" Two.")]) == "One. Two."
    assert joined([passage("一。", language="zh"), passage("二。", language="zh")]) == "一。二。"
    assert joined([]) == ""


def test_subrip_and_webvtt_have_their_clocks() -> None:
    shown = list(captions([passage(" Is 1 < 2?", start=3661.25)]))
    assert subrip(shown) == "1\n01:01:01,250 --> 01:01:01,750\nIs 1 < 2?\n\n"
    assert webvtt(shown) == "WEBVTT\n\n01:01:01.250 --> 01:01:01.750\nIs 1 &lt; 2?\n\n"
