"""How long a silence ends a turn: shorter after what is complete, longer after what is not. Pure.

Two kinds of evidence. The words: a sentence does not end in "the", "و" or a comma, and a question that was asked needs
nothing more; English and Arabic have lists, other languages their punctuation. The sound: the probability of the
`end_of_turn` model. A full stop says little, for Whisper often writes one behind a sentence that was cut; that it is
missing says more.
"""

from __future__ import annotations

import re
from enum import Enum

from orchestrator.config import TurnTakingSettings
from orchestrator.function_words import (
    AUXILIARIES,
    FILLERS,
    QUESTION_OPENERS,
    SPOKEN_DIGITS,
    STRANDED,
    SUBJECTS,
    UNFINISHED_PHRASES,
    UNFINISHED_WORDS,
)

_CLOSING = r"[\s\"'”’»)]*"
_SENTENCE_END = re.compile(rf"[.!?؟。！？]+{_CLOSING}(?=\s)")
_GOES_ON = re.compile(rf"(\.\.+|[,،、，;؛:…\-–—]){_CLOSING}$")
_STOPPED = re.compile(rf"[.!?؟。！？]{_CLOSING}$")
_ASKED = re.compile(rf"[?？؟]{_CLOSING}$")
# Arabic vowel signs and the lengthening stroke, which Whisper writes or leaves out.
_SIGNS = re.compile(r"[\u064b-\u0652\u0640]")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Whisper seldom writes a full stop in these, so that a missing one says nothing.
_RARELY_STOPPED = frozenset(["ar", "fa", "he", "ja", "ko", "th", "ur", "yue", "zh"])
_LIKELY = 0.5
_OPENING_WORDS = 3
_LONGEST_NUMBER_DIGITS = 10  # of a telephone number with its area code: dictation may be over


class Ending(Enum):
    """What the words alone say about whether more is to come."""

    UNFINISHED = "unfinished"
    OPEN = "open"
    STATED = "stated"
    ASKED = "asked"


def end_silence_ms(settings: TurnTakingSettings, text: str, language: str, probability: float | None) -> int:
    """The silence in ms that ends a turn of which `text` has been heard.

    `language` is ISO 639-1; `probability` that the speaker has finished, from `end_of_turn`, None where it is unknown.
    """
    if not settings.semantic_endpointing:
        return settings.end_silence_ms
    ending = ending_of(text, language)
    if ending is Ending.UNFINISHED:
        return settings.unfinished_silence_ms
    if probability is None:
        return settings.finished_silence_ms if ending is Ending.ASKED else settings.end_silence_ms
    if probability < _LIKELY:
        return settings.unfinished_silence_ms
    needed = {Ending.ASKED: settings.question_threshold, Ending.STATED: settings.end_of_turn_threshold}
    if ending in needed and probability >= needed[ending]:
        return settings.finished_silence_ms
    return (settings.finished_silence_ms + settings.unfinished_silence_ms) // 2


def ending_of(text: str, language: str) -> Ending:
    """What `text` alone says; `OPEN` where it says nothing."""
    sentence = _SENTENCE_END.split(_SIGNS.sub("", text).replace("’", "'").lower().strip())[-1]
    words = _WORD.findall(sentence)
    marked = _ASKED.search(sentence) is not None
    if _GOES_ON.search(sentence) or _is_dictated(words) or _breaks_off(words, language, marked=marked):
        return Ending.UNFINISHED
    if marked and not QUESTION_OPENERS.get(language, frozenset()).isdisjoint(words[:_OPENING_WORDS]):
        return Ending.ASKED
    is_stopped = _STOPPED.search(sentence) is not None or language in _RARELY_STOPPED
    return Ending.STATED if words and is_stopped else Ending.OPEN


def _breaks_off(words: list[str], language: str, *, marked: bool) -> bool:
    """`marked` with a question mark."""
    if not words:
        return False
    if words[-1] in FILLERS.get(language, ()):
        return True
    if _is_whole(words, language, marked=marked):
        return False
    ends = {" ".join(words[-n_words:]) for n_words in (2, 3)}
    phrases = UNFINISHED_PHRASES.get(language, frozenset())
    return words[-1] in UNFINISHED_WORDS.get(language, ()) or not phrases.isdisjoint(ends)


def _is_whole(words: list[str], language: str, *, marked: bool) -> bool:
    """ "What?", "Where are you from?", "Do you know where it is?", "Yes, I am." """
    if marked and (len(words) == 1 or words[-1] in STRANDED.get(language, ())):
        return True
    subjects = SUBJECTS.get(language, frozenset())
    before = words[-2:-1] if marked else words[:-1]
    return words[-1] in AUXILIARIES.get(language, ()) and subjects.issuperset(before) and len(words) > 2


def _is_dictated(words: list[str]) -> bool:
    """A number digit by digit or in groups, of which more may come."""
    groups = []
    for word in reversed(words):
        if not word.isdigit() and word not in SPOKEN_DIGITS:
            break
        groups.append(len(word) if word.isdigit() else 1)
    return len(groups) > 1 and sum(groups) < _LONGEST_NUMBER_DIGITS
