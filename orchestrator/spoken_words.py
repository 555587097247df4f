"""Which words of a reply sound when: from a piece's text and the loudness of its audio. Pure.

A voice keeps its pace over what sounds, so a word's share of the voiced time is that of its letters; pauses belong to
no word. Numbers count with the letters they have when spoken. A piece whose audio is not complete yet is as long as
the pace so far says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LEVEL_MS = 10
VOICED_SHARE = 10 ** (-25 / 20)  # of the piece's loud parts; below it is a pause
LETTERS_PER_MS = 0.0235  # of voiced time, before the voice's own pace is known
_WORD_GAP_LETTERS = 1.0

# In these scripts no space parts the words: every character counts as one, with the marks that follow it.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}][^\w\s]*|[^\s{_UNSPACED}]+")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_PART = re.compile(r"\d+|\D")
_THOUSANDS_MARK = re.compile(r"(?<=\d),(?=\d{3})")
_SPOKEN_SYMBOLS = {"%": 7, "$": 7, "€": 5, "£": 6, "&": 3, "+": 4, "=": 6, "°": 7, "@": 2}
_IDEOGRAPH_LETTERS = 3.0


@dataclass
class SpokenPiece:
    """A piece of the reply and what is known of its audio; `levels` is the loudness of each 10 ms."""

    text: str
    duration_ms: float = 0.0
    complete: bool = False
    levels: list[NDArray[np.float32]] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        return _WORD.findall(self.text)

    @property
    def letters(self) -> float:
        return sum(map(spoken_letters, self.words))

    def add(self, duration_ms: float, pcm: bytes) -> None:
        self.duration_ms += duration_ms
        self.levels.append(_levels(pcm, duration_ms))

    def voiced_ms(self, until_ms: float) -> float:
        """How much of the first `until_ms` is no pause."""
        levels = np.concatenate(self.levels)  # (n_levels,)
        if not len(levels):
            return 0.0
        voiced = levels >= np.percentile(levels, 95) * VOICED_SHARE
        share = min(1.0, until_ms / self.duration_ms)
        return float(voiced[: round(share * len(levels))].sum() / len(levels)) * self.duration_ms


class SpokenWords:
    """The pieces of one reply in the order they are played."""

    def __init__(self) -> None:
        self._pieces: list[SpokenPiece] = []

    @property
    def duration_ms(self) -> float:
        """Length of the audio that is known."""
        return sum(piece.duration_ms for piece in self._pieces)

    def add(self, text: str, duration_ms: float, pcm: bytes = b"") -> None:
        """The next chunk; `text` begins a new piece, an empty text continues the last one.

        `pcm` is the chunk's audio, 16-bit little-endian mono; without it all of it counts as voiced.
        """
        if text or not self._pieces:
            self.end_piece()
            self._pieces.append(SpokenPiece(text))
        self._pieces[-1].add(duration_ms, pcm)

    def end_piece(self) -> None:
        """No more audio comes for the last piece."""
        if self._pieces:
            self._pieces[-1].complete = True

    def until(self, played_ms: float) -> str:
        """The words of which more than half sounded in the first `played_ms`."""
        return self.between(0.0, played_ms)

    def between(self, start_ms: float, end_ms: float) -> str:
        """The words whose middle sounds in [start_ms, end_ms)."""
        pace = self._letters_per_ms()
        texts, offset_ms = [], 0.0
        for piece in self._pieces:
            if end_ms > offset_ms:
                texts.append(_spoken(piece, start_ms - offset_ms, end_ms - offset_ms, pace))
            offset_ms += piece.duration_ms
        return " ".join(filter(None, texts))

    def _letters_per_ms(self) -> float:
        known = [piece for piece in self._pieces if piece.complete]
        voiced_ms = sum(piece.voiced_ms(piece.duration_ms) for piece in known)
        letters = sum(piece.letters for piece in known)
        return letters / voiced_ms if voiced_ms and letters else LETTERS_PER_MS


def _spoken(piece: SpokenPiece, start_ms: float, end_ms: float, pace: float) -> str:
    if start_ms <= 0 and piece.complete and end_ms >= piece.duration_ms:
        return piece.text.strip()
    begin, end = _letters_at(piece, start_ms, pace), _letters_at(piece, end_ms, pace)
    spans = [match.span() for match, middle in _middles(piece.text) if begin <= middle < end]
    return piece.text[spans[0][0] : spans[-1][1]] if spans else ""


def _letters_at(piece: SpokenPiece, ms: float, pace: float) -> float:
    """How many letters are spoken by then, of all that the piece has."""
    if ms <= 0:
        return 0.0
    all_ms = piece.voiced_ms(piece.duration_ms)
    expected_ms = all_ms if piece.complete else max(all_ms, piece.letters / pace)
    return piece.letters * piece.voiced_ms(ms) / expected_ms if expected_ms else 0.0


def _middles(text: str) -> Iterator[tuple[re.Match[str], float]]:
    position = 0.0
    for match in _WORD.finditer(text):
        letters = spoken_letters(match[0])
        yield match, position + letters / 2
        position += letters


def spoken_letters(word: str) -> float:
    """How long a word is when spoken, in letters; "110" has those of "hundred and ten"."""
    parts = _PART.findall(_THOUSANDS_MARK.sub("", word))
    return sum(map(_part_letters, parts)) + _WORD_GAP_LETTERS


def _part_letters(part: str) -> float:
    if part.isdecimal():
        return _number_letters(part)
    if _IDEOGRAPH.match(part):
        return _IDEOGRAPH_LETTERS
    return 1.0 if part.isalpha() else _SPOKEN_SYMBOLS.get(part, 0)


def _number_letters(digits: str) -> float:
    """Hundreds, tens and ones of every group of three, and the name of the group ("thousand")."""
    letters = 0
    for place in range(0, len(digits), 3):
        end = len(digits) - place
        group = digits[max(0, end - 3) : end].rjust(3, "0")
        spoken = sum(size for digit, size in zip(group, (11, 6, 4), strict=True) if int(digit))
        letters += spoken + (8 if spoken and place else 0)
    return letters or 4


def _levels(pcm: bytes, duration_ms: float) -> NDArray[np.float32]:
    """Loudness of each 10 ms of a chunk, float32 [n_levels]."""
    count = max(1, round(duration_ms / LEVEL_MS))
    samples = np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2).astype(np.float32)
    if len(samples) < count:
        return np.ones(count, dtype=np.float32)
    edges = np.linspace(0, len(samples), count + 1).astype(np.intp)
    energy = np.add.reduceat(np.square(samples), edges[:-1]) / np.diff(edges)
    levels: NDArray[np.float32] = np.sqrt(energy).astype(np.float32)
    return levels
