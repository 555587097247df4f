"""Cutting a reply into spoken pieces while it is being written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.sentences import MAX_PIECE_CHARACTERS, Sentences, speakable


def pieces(*deltas: str) -> list[str]:
    sentences = Sentences()
    return [piece for delta in deltas for piece in sentences.push(delta)] + sentences.flush()


def without_space(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "expected",
    [
        ["It is late.", "Go home!", "Are you sure?", "Yes."],
        ["Mr. Smith met Dr. Jones.", "They spoke."],
        ["Pi is 3.14 or so.", "The rest is noise."],
        ["Use a tool, e.g. a hammer.", "Then stop."],
        ["He lives in the U.S. Army base.", "It is big."],
        ["He lives in the U.S.", "The base is big."],
        ["Meet at 5 p.m. sharp.", "Bring water."],
        ["They sell tea etc. and bread.", "All fresh."],
        ["J. R. R. Tolkien wrote it.", "Read it."],
        ["So do I.", "Let us go."],
        ["Well... maybe not.", "Fine."],
        ["See https://example.com/a.b?c=d.e now.", "Or ask."],
        ["Version 2.0.1 is out.", "Get it at example.com."],
        ["It was 1999.", "Then came 2000."],
        ['She said "Stop!"', "He did not (at all).", "Odd."],
        ['"Really?" he asked.', "Nobody knew."],
        ["**Done.**", "Next one."],
        ["1. Apples are red.", "2. Pears are green."],
        ["Buy these:", "- milk", "- bread and butter", "Then come home."],
        ["هل أنت بخير؟", "نعم، أنا بخير."],
        ["今天天气很好。", "我们去公园吧！", "好吗？"],
        ["「はい。」", "そうです。"],
        ["क्या हाल है।", "ठीक है।"],
        ["Wait?!", "No way."],
        ["yes it is.", "no it is not."],
    ],
)
def test_sentences_are_found(expected: list[str]) -> None:
    joiner = "" if expected[0][0] in "今「" else "\n" if expected[0].startswith("Buy") else " "
    assert pieces(joiner.join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("The capital of France, as you know, is Paris.", "The capital of France,"),
        ("Here is what I know: it is late.", "Here is what I know:"),
        ("I think so - but I may err.", "I think so - but I may err."),
        ("That is what I think - but I may err.", "That is what I think -"),
        ("It was dark and cold—nobody came.", "It was dark and cold—"),
        ("Well, that is fine.", "Well, that is fine."),
        ("There were about 1,000 people, they said.", "There were about 1,000 people,"),
        ("العاصمة هي مدينة باريس، وهي جميلة.", "العاصمة هي مدينة باريس،"),
        ("法国的首都是巴黎市，它很美。", "法国的首都是巴黎市，"),
    ],
)
def test_the_first_piece_may_be_a_clause(text: str, first: str) -> None:
    assert pieces(text)[0] == first


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
    assert speakable(pieces("---\n\n**\nHello there.")[0]) == "Hello there."


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
    the 😀 نعم 今天"""
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
    assert not any(character.isalnum() for character in speakable(lost))


@given(texts)
def test_every_piece_can_be_spoken_and_is_bounded(text: str) -> None:
    for piece in pieces(text):
        assert any(character.isalnum() for character in speakable(piece))
        assert len(piece) <= MAX_PIECE_CHARACTERS + 24


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Bold** and *italic* and __both__ and _one_.", "Bold and italic and both and one."),
        ("**Cut in", "Cut in"),
        ("two.**", "two."),
        ("## A heading", "A heading"),
        ("- milk\n* bread\n+ tea\n1. salt", "milk bread tea 1. salt"),
        ("Use `make test` now.", "Use make test now."),
        ("```python\nprint(1)\n```", "print(1)"),
        ("See [the guide](https://example.com/a).", "See the guide."),
        ("![a cat](cat.png) sits", "a cat sits"),
        ("2 * 3 is 2*3, and 2**3 is 8.", "2 * 3 is 2*3, and 2**3 is 8."),
        ("snake_case stays, so does C# and #1.", "snake_case stays, so does C# and #1."),
        ("> quoted\n> text", "quoted text"),
        ("~~gone~~", "gone"),
        ("Great 😀👍🏽! 👨‍👩‍👧 🇫🇷 1️⃣ ❤️", "Great ! 1"),
        ("a\n---\nb", "a b"),
        ("3 < 4 and 5 % of $20", "3 < 4 and 5 % of $20"),
        ("می‌خواهم", "می‌خواهم"),
        ("مرحبا **بك**!", "مرحبا بك!"),
    ],
)
def test_markdown_and_emoji_are_not_spoken(written: str, spoken: str) -> None:
    assert speakable(written) == spoken
