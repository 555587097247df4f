"""Passages with the times of their words -> sentences, and the files that players read: SubRip and WebVTT. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from orchestrator.uploads.transcription import Passage, Word

# Two lines of a film's caption; longer sentences are cut at a word.
_LONGEST_CHARACTERS = 84
_LONGEST_SECONDS = 7.0
_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！", "؟", "۔")
# Languages written without spaces between sentences.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


@dataclass(frozen=True)
class Caption:
    """A sentence, or a part of a long one, its time in seconds, and the passage that it is from."""

    text: str
    start: float
    end: float
    passage: Passage


def joined(passages: Sequence[Passage]) -> str:
    """The whole text."""
    text = ""
    for passage in passages:
        text += passage.text if not text or passage.language in _UNSPACED else f" {passage.text}"
    return text


def captions(passages: Iterable[Passage]) -> Iterator[Caption]:
    """Every sentence in turn; a passage whose words have no times is one caption."""
    for passage in passages:
        words: list[Word] = []
        for word in passage.words:
            if words and _is_full(words, word):
                yield _caption(words, passage)
                words = []
            words.append(word)
            if word.text.rstrip().endswith(_SENTENCE_ENDS):
                yield _caption(words, passage)
                words = []
        if words:
            yield _caption(words, passage)
        if not passage.words:
            yield Caption(passage.text, passage.start, passage.end, passage)


def subrip(shown: Iterable[Caption]) -> str:
    """An `.srt` file."""
    return "".join(
        f"{n}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{each.text}\n\n"
        for n, each in enumerate(shown, 1)
    )


def webvtt(shown: Iterable[Caption]) -> str:
    """A `.vtt` file."""
    cues = (
        f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n{_escaped(each.text)}\n\n" for each in shown
    )
    return "WEBVTT\n\n" + "".join(cues)


def shown_word(word: Word) -> Word:
    """Without the white space and the marks around it."""
    return replace(word, text=word.text.strip().strip('.,;:?!…。，、？！؟،"“”«»()[]'))


def _is_full(words: Sequence[Word], word: Word) -> bool:
    characters = sum(len(each.text) for each in words) + len(word.text)
    return characters > _LONGEST_CHARACTERS or word.end - words[0].start > _LONGEST_SECONDS


def _caption(words: Sequence[Word], passage: Passage) -> Caption:
    text = "".join(word.text for word in words).strip()
    return Caption(text, words[0].start, max(words[-1].end, words[0].start), passage)


def _clock(seconds: float, mark: str) -> str:
    """`01:02:03,456`."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
