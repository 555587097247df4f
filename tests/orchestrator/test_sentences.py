"""Cutting a reply into spoken pieces while it is being written."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.cutting import is_speakable
from orchestrator.sentences import MAX_PIECE_CHARACTERS, Sentences

CASES = json.loads((Path(__file__).parents[1] / "sentence_cases.json").read_text(encoding="utf-8"))


def pieces(*deltas: str) -> list[str]:
    sentences = Sentences()
    return [piece for delta in deltas for piece in sentences.push(delta)] + sentences.flush()


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("expected", CASES["sentences"])
def test_sentences_are_found(expected: list[str]) -> None:
    assert pieces(" ".join(expected)) == expected


@pytest.mark.parametrize("expected", CASES["sentences without spaces"])
def test_sentences_of_scripts_without_spaces_are_found(expected: list[str]) -> None:
    assert pieces("".join(expected)) == expected


def test_lines_are_pieces() -> None:
    expected = ["Buy these:", "- milk", "- bread and butter", "Then come home."]
    assert pieces("\n".join(expected)) == expected


@pytest.mark.parametrize(("text", "first"), CASES["first pieces"])
def test_the_first_piece_may_be_a_clause_or_a_phrase(text: str, first: str) -> None:
    assert pieces(text)[0] == first


def test_a_phrase_is_spoken_before_its_sentence_ends() -> None:
    assert Sentences().push("Plants need water and light because they make ") == [
        "Plants need water and light"
    ]


def test_later_pieces_are_whole_sentences() -> None:
    assert pieces("It is so. The capital of France, as you know, is Paris.")[1:] == [
        "The capital of France, as you know, is Paris."
    ]


def test_a_piece_comes_as_soon_as_the_next_one_begins() -> None:
    sentences = Sentences()
    assert sentences.push("It is late.") == []
    assert sentences.push(" G") == ["It is late."]
    assert sentences.push("o home!\n") == ["Go home!"]
    assert sentences.push("今天。") == []
    assert sentences.push("天") == ["今天。"]


def test_marks_alone_are_not_spoken() -> None:
    assert pieces("---\n\n**\nHello there.\n***\n😀 ...") == ["---\n\n**\nHello there."]


def test_text_without_an_end_is_cut_at_spaces() -> None:
    cut = pieces("word " * 500)
    assert all(len(piece) <= MAX_PIECE_CHARACTERS and set(piece.split()) == {"word"} for piece in cut)
    assert sum(len(piece.split()) for piece in cut) == 500


def test_text_without_an_end_is_cut_at_a_comma_where_there_is_one() -> None:
    cut = pieces("It is so. " + "this and that and the other thing, " * 20)
    assert all(piece.endswith(",") for piece in cut[1:])


@pytest.mark.parametrize(
    "endless", ["a", "!", "\n", " ", "-", "一", "e\u0301", ". ", "*", "```", "[", "x. ", "("]
)
def test_nothing_endless_makes_it_grow(endless: str) -> None:
    sentences = Sentences()
    for _ in range(3_000):
        sentences.push(endless)
    assert len(sentences._text) <= MAX_PIECE_CHARACTERS + 40


def test_it_starts_anew_after_a_flush() -> None:
    sentences = Sentences()
    once = [*sentences.push("The capital of France, as you know, is Paris."), *sentences.flush()]
    assert [*sentences.push("The capital of France, as you know, is Paris."), *sentences.flush()] == once


TOKENS = """. ! ? … ... , ; : - — 。 ！ ？ 、 ، ؟ ؛ " ' ) ( ” * ** ` ``` # [ ] ]( e.g. U.S. Mr. 3.14 1. etc. The I A
    the and but because which it is a وهي ```python </b> 😀 نعم 今天"""
texts = st.lists(
    st.one_of(
        st.sampled_from(TOKENS.split()),
        st.sampled_from([" ", " ", "  ", "\n", "\n\n", "         "]),
        st.text(alphabet="abcXYZ019 ", max_size=12),
        st.text(max_size=3),
    ),
    max_size=60,
).map("".join)


@given(texts, st.lists(st.integers(0, 400), max_size=20))
@example("Mr. Smith. U.S. Then... x", list(range(30)))
@example("He likes the U.S. Internet.", [19])
def test_the_pieces_are_the_same_however_the_text_was_cut(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    deltas = [text[start:end] for start, end in pairwise(places)]
    assert pieces(*deltas) == pieces(text) == pieces(*text)


@given(texts)
def test_the_pieces_rejoin_to_the_text(text: str) -> None:
    rejoined, whole = without_space("".join(pieces(text))), without_space(text)
    lost = whole[len(rejoined) :]
    assert whole.startswith(rejoined)
    assert not is_speakable(lost)


@given(texts)
def test_every_piece_can_be_spoken_and_is_bounded(text: str) -> None:
    for piece in pieces(text):
        assert is_speakable(piece)
        assert len(piece) <= MAX_PIECE_CHARACTERS + 24
