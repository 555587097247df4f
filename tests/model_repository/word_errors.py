"""Word errors as the speech folder's README counts them: Whisper's normaliser, digit strings joined."""

from __future__ import annotations

import re
from functools import cache

from whisper_normalizer.english import EnglishTextNormalizer


def words(text: str) -> list[str]:
    """The normalised words; `1-0 0` and `one zero zero` are the same string of digits."""
    without_brackets = re.sub(r"[()\[\]]", "", text)
    return str(_normalizer()(re.sub(r"(?<=\d)[\s,-]+(?=\d)", "", without_brackets))).split()


def word_errors(reference: str, hypothesis: str) -> int:
    """Substitutions, deletions and insertions (Levenshtein)."""
    expected, heard = words(reference), words(hypothesis)
    row = list(range(len(heard) + 1))
    for i, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


@cache
def _normalizer() -> EnglishTextNormalizer:
    return EnglishTextNormalizer()
