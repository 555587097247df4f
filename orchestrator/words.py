"""A transcript cut into what two transcripts can agree on: words, or characters where a language has no spaces.

Two words are the same where their keys are: letters and digits without case, so that a
comma that comes and goes is no disagreement.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "km", "bo", "yue"})
_TOKEN = re.compile(r"\S+")
_LATIN_OR_CHARACTER = re.compile(r"[A-Za-z0-9]+|\S")


@dataclass(frozen=True)
class Word:
    """`key` is what is compared; the word's last letter stands before `end` in its text, punctuation follows."""

    key: str
    end: int


def is_spaced(language: str) -> bool:
    """Whether the language puts spaces between words."""
    return language not in _UNSPACED


def words(text: str, language: str) -> list[Word]:
    """The words of `text`; what holds no letter or digit belongs to the word before it."""
    found: list[Word] = []
    for start, token in _tokens(text, language):
        letters = [index for index, character in enumerate(token) if _is_letter(character)]
        if not letters:
            continue
        key, end = _key(token), start + letters[-1] + 1
        if found and all(_is_mark(character) for character in token):
            found[-1] = Word(found[-1].key + key, end)
        else:
            found.append(Word(key, end))
    return found


def keys(items: Sequence[Word]) -> list[str]:
    return [word.key for word in items]


def same_words(known: Sequence[str], heard: Sequence[str]) -> int:
    """How many of the first `heard` words are the `known` ones, said perhaps a little differently.

    The number of leading words with the smallest edit distance to `known`, the largest such number.
    """
    row = list(range(len(heard) + 1))
    for above, key in enumerate(known, 1):
        diagonal, row[0] = row[0], above
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (key != other))
    return min(range(len(row)), key=lambda j: (row[j], -j))


def common(before: Sequence[str], now: Sequence[str]) -> int:
    """How many leading words two transcripts have in common."""
    pairs = zip(before, now, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(before), len(now)))


def joined(before: str, after: str, language: str) -> str:
    """Two texts in one, with a space between them where words would run together."""
    apart = is_spaced(language) and before and after and before[-1:].strip() and _is_opening(after[0])
    return f"{before} {after}" if apart else before + after


def _tokens(text: str, language: str) -> Iterator[tuple[int, str]]:
    pattern = _TOKEN if is_spaced(language) else _LATIN_OR_CHARACTER
    return ((match.start(), match[0]) for match in pattern.finditer(text))


def _is_letter(character: str) -> bool:
    return character.isalnum() or _is_mark(character)


def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


def _is_opening(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in ("Ps", "Pi", "Sc")


def _key(token: str) -> str:
    letters = "".join(character for character in token if _is_letter(character))
    return unicodedata.normalize("NFKC", letters).casefold()
