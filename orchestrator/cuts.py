"""Where the audio of a long utterance can be left behind: between two agreed words whose times are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from orchestrator.inference import Transcript
from orchestrator.words import Word, keys, words

_SENTENCE_ENDS = frozenset(".?!。？！؟।")
# What a sentence's end is worth: a pause of this many seconds.
_SENTENCE_END_SECONDS = 0.3


@dataclass(frozen=True)
class Spoken:
    """One word of an answer with its times in seconds since the start of the request's audio."""

    key: str
    start: float
    end: float


@dataclass(frozen=True)
class Cut:
    """Words up to `characters` of the agreed text are spoken before `seconds`; the longest pause is the best."""

    worth: float
    seconds: float
    characters: int


def spoken_words(transcript: Transcript) -> list[Spoken]:
    """The words of an answer for which times were asked for; none where they were not."""
    return [
        Spoken(word.key, float(timed["start"]), float(timed["end"]))
        for segment in transcript.segments
        for timed in segment.get("words", ())
        for word in words(timed["word"], transcript.language)
    ]


def best_cut(
    agreed: str, language: str, spoken: Sequence[Spoken], earliest: float, latest: float
) -> Cut | None:
    """The best place in `agreed` whose time is between `earliest` and `latest` seconds; it is not the end."""
    cuts = (
        _cut(agreed, word, before, after)
        for word, before, after in _agreed_and_spoken(words(agreed, language), spoken)
    )
    within = [cut for cut in cuts if earliest <= cut.seconds <= latest]
    return max(within, key=lambda cut: (cut.worth, cut.seconds), default=None)


def _cut(agreed: str, word: Word, before: Spoken, after: Spoken) -> Cut:
    place = word.end
    while place < len(agreed) and not agreed[place].isspace() and not agreed[place].isalnum():
        place += 1
    ends_sentence = not _SENTENCE_ENDS.isdisjoint(agreed[word.end : place])
    worth = after.start - before.end + _SENTENCE_END_SECONDS * ends_sentence
    return Cut(worth, (before.end + after.start) / 2, place)


def _agreed_and_spoken(
    agreed: Sequence[Word], spoken: Sequence[Spoken]
) -> Iterator[tuple[Word, Spoken, Spoken]]:
    """Agreed words, each with its times and those of the word spoken after it, which is agreed as well."""
    matcher = SequenceMatcher(None, keys(agreed), [word.key for word in spoken], autojunk=False)
    for a, b, size in matcher.get_matching_blocks():
        for i in range(size - 1):
            # The characters of one token have the same times.
            if spoken[b + i + 1].start >= spoken[b + i].end:
                yield agreed[a + i], spoken[b + i], spoken[b + i + 1]
