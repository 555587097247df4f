"""Text that is being written, cut into pieces that can be spoken by themselves. The pieces join to the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MAX_PIECE_CHARS = 200
# The first piece may be a clause: the voice starts that much earlier.
FIRST_CLAUSE_WORDS = 4

# A mark that ends a sentence, its closing quotes, and the white space that shows that the word has ended too.
_SENTENCE = re.compile(r"""[.!?…]+["'”’»)\]*_]*\s+|[。！？｡؟।]+["'”’»」』）]*\s*|\n+""")
_CLAUSE = re.compile(r"[,;:،؛–—]\s+|[，；：、]")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|No|vs|etc|e\.g|i\.e|[A-Z]|\d{1,3})\.\s+$")
_MARKUP = re.compile(r"[*_`#~|]+|\]\([^)]*\)|\[")


def pieces(deltas: Iterable[str]) -> Iterator[str]:
    """Yield each piece as soon as it is complete; white space stays at its end.

    A first piece may be a clause of at least FIRST_CLAUSE_WORDS words; none is longer than MAX_PIECE_CHARS.
    """
    text, first = "", True
    for delta in deltas:
        text += delta
        while end := _end_of_piece(text, first):
            yield text[:end]
            text, first = text[end:], False
    if text:
        yield text


def speakable(piece: str) -> str:
    """The words of a piece without Markdown's marks."""
    return _MARKUP.sub("", piece).strip()


def _end_of_piece(text: str, first: bool) -> int:
    """Where the first piece of `text` ends, or 0 when that is not known yet."""
    ends = [match.end() for match in _SENTENCE.finditer(text) if _ends_sentence(text, match)]
    if first:
        ends += [
            m.end() for m in _CLAUSE.finditer(text) if len(text[: m.start()].split()) >= FIRST_CLAUSE_WORDS
        ]
    end = min(ends, default=0)
    if len(text) > MAX_PIECE_CHARS and not 0 < end <= MAX_PIECE_CHARS:
        end = text.rfind(" ", 1, MAX_PIECE_CHARS) + 1 or MAX_PIECE_CHARS
    return end


def _ends_sentence(text: str, mark: re.Match[str]) -> bool:
    if not any(character.isalnum() for character in text[: mark.start()]):
        return False
    return _ABBREVIATION.search(text[: mark.end()]) is None
