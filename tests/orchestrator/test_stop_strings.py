"""A text is cut before a stop string, however it arrives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.stop_strings import StopStrings


def written(text: str, stops: list[str], sizes: list[int]) -> tuple[str, str | None]:
    """What comes out of `text`, pushed in pieces of these sizes."""
    filtered, out, at = StopStrings(stops), "", 0
    for size in [*sizes, len(text)]:
        out += filtered.push(text[at : at + size])
        at += size
    return out + filtered.flush(), filtered.met


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("one two three", ["two"], ("one ", "two")),
        ("one two three", ["three", "two"], ("one ", "two")),
        ("one two", ["twofold"], ("one two", None)),
        ("aab", ["ab"], ("a", "ab")),
        ("", ["a"], ("", None)),
    ],
)
def test_the_first_stop_string_ends_the_text(
    text: str, stops: list[str], expected: tuple[str, str | None]
) -> None:
    assert written(text, stops, [1] * len(text)) == expected


@given(
    st.text("ab"), st.lists(st.text("ab", min_size=1, max_size=3), max_size=3), st.lists(st.integers(1, 4))
)
def test_pieces_do_not_matter(text: str, stops: list[str], sizes: list[int]) -> None:
    out, met = written(text, stops, sizes)
    assert not any(stop in out for stop in stops)
    assert text.startswith(out + (met or ""))
    assert met is not None or out == text


def test_only_what_may_become_a_stop_string_is_held_back() -> None:
    assert StopStrings(["###"]).push("text #") == "text "
    assert StopStrings([]).push("text #") == "text #"
