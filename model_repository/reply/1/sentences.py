"""Text that is being written, cut into pieces that can be spoken by themselves. The pieces join to the text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .cutting import find_cut

MAX_PIECE_CHARS = 200


def pieces(deltas: Iterable[str]) -> Iterator[str]:
    """Yield each piece as soon as it is complete; white space stays at its end.

    The first piece may be a clause, and its words are at most MAX_PIECE_CHARS characters, as are those of the others;
    the last one may have nothing to say.
    """
    text, first = "", True
    for delta in deltas:
        text += delta
        while end := _end_of_piece(text, first=first, final=False):
            yield text[:end]
            text, first = text[end:], False
    while end := _end_of_piece(text, first=first, final=True):
        yield text[:end]
        text, first = text[end:], False
    if text:
        yield text


def _end_of_piece(text: str, *, first: bool, final: bool) -> int:
    """Where the first piece of `text` ends, with the white space after it; 0 when that is not known yet."""
    words = text.lstrip()
    cut = find_cut(words, first=first, final=final, max_characters=MAX_PIECE_CHARS)
    return cut and len(text) - len(words[cut:].lstrip())
