"""Whether what is heard over a reply wants the turn: a real word, or a cough, a "mm-hm", the reply's own echo. Pure.

It judges one transcript at a time, each of a longer part of it, so a verdict may be UNKNOWN and the next one says more.
"Okay" lets the reply go on, "okay, but" does not.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from orchestrator.backchannels import BACKCHANNELS, INVENTED, SOUNDS, STOP_PHRASES
from orchestrator.echo import LOCATED_CORRELATION
from orchestrator.inference import Transcript

MAX_BACKCHANNELS = 3
OWN_WORDS_DISTANCE = 0.4
OWN_VOICE_EXPLAINED = 0.9
MOSTLY_OWN_VOICE_EXPLAINED = 0.6
"""What is left of so much echo is seldom words; once the client has ducked, a real voice is clearer than this."""
REPEATED_WORDS = 4  # so many of the reply's words are no coincidence, though no echo was found
_LONGEST_PHRASE_WORDS = 10
_SHORT_CHARACTERS = 5

_NOT_SAID = re.compile(r"\([^)]*\)?|\[[^\]]*\]?|\*[^*]*\*?|[♪♫][^♪♫]*[♪♫]?|（[^）]*）?|【[^】]*】?")
_BRACKETS = re.compile(r"[()\[\]*♪♫（）【】]")  # a voice says what is in them
_APOSTROPHES = re.compile("['’`]")
_MARKS = re.compile(r"[^\w\s]|_")
_UNSPACED = re.compile("([\u3040-\u30ff\u3400-\u9fff])")


class Verdict(enum.Enum):
    """What the reply should do."""

    INTERRUPT = "interrupt"
    GO_ON = "go_on"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JudgementSettings:
    """How sure one must be. Probabilities 0..1, times in ms.

    Attributes:
        long_speech_ms: speech as long as this interrupts where it cannot be transcribed.
        min_speech_probability: mean over the voiced frames; below it words are not believed.
        min_log_probability: of a transcript that is to be believed (average over its tokens).
        min_log_probability_if_doubtful: the same for a text that Whisper writes where nothing is said, or where it
            says itself that there is no speech.
        max_no_speech_probability: above it a text is doubtful.
    """

    long_speech_ms: int = 1200
    min_speech_probability: float = 0.5
    min_log_probability: float = -2.0
    min_log_probability_if_doubtful: float = -0.5
    max_no_speech_probability: float = 0.6


@dataclass(frozen=True)
class Interjection:
    """What was heard over the reply so far.

    Attributes:
        transcript: of it, or of what is left of it without the echo; None where there is none (an error).
        language: ISO 639-1, of the session or of the transcript.
        voiced_ms: how much of it was speech.
        speech_probability: mean over the voiced frames.
        sent_words: what the reply said about then (`Playback.lately`).
        echo_correlation, echo_explained: of `echo.Echo`; None and 0 where nothing was measured.
    """

    transcript: Transcript | None
    language: str
    voiced_ms: int
    speech_probability: float = 1.0
    sent_words: str = ""
    echo_correlation: float | None = None
    echo_explained: float = 0.0


_DEFAULTS = JudgementSettings()


def judge(heard: Interjection, settings: JudgementSettings = _DEFAULTS) -> Verdict:
    """What the reply should do about what was `heard` over it."""
    if heard.echo_explained >= OWN_VOICE_EXPLAINED:
        return Verdict.GO_ON
    if heard.transcript is None:
        return Verdict.INTERRUPT if heard.voiced_ms >= settings.long_speech_ms else Verdict.UNKNOWN
    words = tokens(heard.transcript.text)
    if not words:
        return Verdict.GO_ON if heard.transcript.text.strip() else Verdict.UNKNOWN
    is_echo = heard.echo_correlation is not None and heard.echo_correlation >= LOCATED_CORRELATION
    may_be_echo = heard.echo_correlation is None or len(words) >= REPEATED_WORDS
    own = (is_echo or may_be_echo) and is_own(words, heard.sent_words)
    if asks_to_stop(words, heard.language) and not (own and is_echo):
        return Verdict.INTERRUPT
    if own or not wants_the_turn(words, heard.language):
        return Verdict.GO_ON
    if begins_in_passing(words, heard.language):
        return Verdict.UNKNOWN
    return Verdict.UNKNOWN if _is_doubted(heard, heard.transcript, words, settings) else Verdict.INTERRUPT


def tokens(text: str) -> list[str]:
    """Words as they are compared: without what is not said ("(laughs)", "♪"), marks, accents and capitals.

    Where no spaces part the words (Chinese, Japanese) every character is one.
    """
    said = _NOT_SAID.sub(" ", text.casefold())
    letters = "".join(char for char in unicodedata.normalize("NFKD", said) if not unicodedata.combining(char))
    composed = unicodedata.normalize("NFKC", letters).replace("ى", "ي").replace("ة", "ه").replace("ـ", "")
    plain = _MARKS.sub(" ", _APOSTROPHES.sub("", composed))
    return _UNSPACED.sub(r" \1 ", plain).split()


def asks_to_stop(words: Sequence[str], language: str) -> bool:
    """Whether `words` are a request to stop, alone or after words said in passing ("okay, stop")."""
    stops, passing = _stops(language), _passing(language)
    return _phrases_in(words, passing) is None and _phrases_in(words, stops | passing) is not None


def wants_the_turn(words: Sequence[str], language: str) -> bool:
    """Whether `words` are more than what a listener says in passing."""
    spoken = _phrases_in(words, _passing(language))
    return spoken is None or spoken > MAX_BACKCHANNELS


def begins_in_passing(words: Sequence[str], language: str) -> bool:
    """Whether `words` may become something said in passing when its last word is whole: "oh, real" of "oh, really"."""
    said = "".join(words)
    is_enough = len(said) >= _SHORT_CHARACTERS
    return is_enough and any("".join(phrase).startswith(said) for phrase in _passing(language))


def is_own(words: Sequence[str], sent_words: str) -> bool:
    """Whether `words` are a part of what the assistant said, as far as Whisper may mishear it."""
    said, sent = "".join(words), tokens(_BRACKETS.sub(" ", sent_words))
    if len(said) < _SHORT_CHARACTERS:
        return _occurs(words, sent)
    return _distance(said, "".join(sent)) <= OWN_WORDS_DISTANCE * len(said)


def _is_doubted(
    heard: Interjection, transcript: Transcript, words: Sequence[str], settings: JudgementSettings
) -> bool:
    """Whether the words may be invented: Whisper writes some also where nothing was said."""
    if heard.echo_explained >= MOSTLY_OWN_VOICE_EXPLAINED:
        return True
    silent = transcript.no_speech_probability > settings.max_no_speech_probability
    is_doubtful = silent or tuple(words) in _INVENTED
    needed = settings.min_log_probability_if_doubtful if is_doubtful else settings.min_log_probability
    voiced = heard.speech_probability >= settings.min_speech_probability
    return transcript.average_log_probability < needed or not voiced


def _as_tokens(phrases: Iterable[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(tokens(phrase)) for phrase in phrases)


_INVENTED = _as_tokens(INVENTED)


@cache
def _passing(language: str) -> frozenset[tuple[str, ...]]:
    """English is understood everywhere: "okay" is said in any language."""
    own = BACKCHANNELS.get(language, frozenset())
    return _as_tokens(SOUNDS | own | (BACKCHANNELS["en"] - STOP_PHRASES.get(language, frozenset())))


@cache
def _stops(language: str) -> frozenset[tuple[str, ...]]:
    return _as_tokens(STOP_PHRASES.get(language, frozenset()) | STOP_PHRASES["en"]) - _passing(language)


def _phrases_in(words: Sequence[str], phrases: frozenset[tuple[str, ...]]) -> int | None:
    """The least number of `phrases` that `words` consist of; None where something else is in them."""
    fewest: list[int | None] = [0]
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - _LONGEST_PHRASE_WORDS), end)
        counts = [
            count + 1
            for start in starts
            if (count := fewest[start]) is not None and tuple(words[start:end]) in phrases
        ]
        fewest.append(min(counts, default=None))
    return fewest[-1]


def _occurs(words: Sequence[str], sent: Sequence[str]) -> bool:
    places = range(len(sent) - len(words) + 1)
    return any(list(sent[place : place + len(words)]) == list(words) for place in places)


def _distance(said: str, sent: str) -> int:
    """The fewest edits that make `said` a part of `sent`."""
    row = [0] * (len(sent) + 1)
    for character in said:
        diagonal, row[0] = row[0], row[0] + 1
        for place, other in enumerate(sent, start=1):
            edits = min(row[place] + 1, row[place - 1] + 1, diagonal + (character != other))
            diagonal, row[place] = row[place], edits
    return min(row)
