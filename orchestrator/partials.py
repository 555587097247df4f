"""Partial transcripts that do not take words back (LocalAgreement: Liu, Spanakis and Niehues 2020).

A word is stable once two successive decodes agree on it; what was shown as stable is never changed, whatever a later
decode says. The rest of the text is the latest decode's own. Agreed words go with the next decode as its prefix, so
that it writes only what is new, and the audio of a long utterance is left behind at a pause between agreed words, so
that a decode costs the same after twenty seconds as after five. The figures behind the constants: docs/decisions/0011.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.audio import SAMPLE_RATE
from orchestrator.cuts import Spoken, best_cut, spoken_words
from orchestrator.inference import Transcript
from orchestrator.words import common, joined, keys, same_words, words

# Agreed words that are decoded again, so that a wrong one does not lead the decoder astray.
_WITHHELD_WORDS = 1
_DOUBTED_LOG_PROBABILITY = -1.5

# Earlier, wrong languages were heard with a probability of up to 0.98.
_KEPT_LANGUAGE_PROBABILITY = 0.8
_KEPT_LANGUAGE_SAMPLES = 2 * SAMPLE_RATE

# A window this long looks for a place to begin anew; it is asked for again after this much more audio.
_LONG_SAMPLES = 8 * SAMPLE_RATE
_LONGER_BY_SAMPLES = 1 * SAMPLE_RATE
# At this length the words are taken as they are: the next decode would be slower than the audio.
_LONGEST_SAMPLES = 12 * SAMPLE_RATE
# How much audio the new window has; the words in it are decoded again to learn their times.
_SHORTEST_KEPT_SECONDS = 2
_LONGEST_KEPT_SECONDS = 5
_PROMPT_CHARACTERS = 200

# How Whisper writes that the audio breaks off.
_UNFINISHED = re.compile(r"(?:\s|-|…|\.\.\.)+$")


@dataclass(frozen=True)
class Request:
    """One decode: samples [start, end) of the session's audio, and what `transcribe` is told about them.

    `before` is the text of the utterance up to `start`; it is not sent.
    """

    start: int
    end: int
    language: str | None = None
    partial: bool = True
    prefix: str = ""
    prompt: str = ""
    word_timestamps: bool = False
    before: str = ""

    def text(self, transcript: Transcript) -> str:
        """The whole utterance, from the answer to this request."""
        heard = joined(self.prefix, transcript.text, transcript.language)
        return joined(self.before, heard, transcript.language).strip()


@dataclass(frozen=True)
class Shown:
    """What is understood so far; the first `stable_characters` of `text` will not change."""

    text: str
    stable_characters: int


class Partials:
    """The partial transcripts of one utterance. Pure: positions are samples of the session's audio.

    One request is open at a time; a decode that failed is simply not told to `update`. A final request may be open
    beside it, and its answer may be told as well, should the utterance go on after all.
    """

    def __init__(self, language: str | None, interval_samples: int) -> None:
        """`language` None: to be detected. Two requests are at least `interval_samples` apart."""
        self.language = language
        self._interval_samples = interval_samples
        self._asked_until: int | None = None
        self._shown = Shown("", 0)
        self._stable = ""
        self._unstable: list[str] = []  # keys of the words after the stable ones, in the last decode
        self._written = ""  # the language of the last decode
        self._doubted = False
        self._window_start = 0
        self._window_text = 0  # where in `_stable` the words of the window begin
        self._look_for_pause_at = _LONG_SAMPLES
        self._agreed_at: list[tuple[int, int]] = []  # length of `_stable`, end of the audio it was heard in

    def next_request(self, start: int, end: int) -> Request | None:
        """The decode to make now, of an utterance [start, end) that goes on; None while too little of it is new."""
        since = start if self._asked_until is None else self._asked_until
        if end - since < self._interval_samples:
            return None
        self._asked_until = end
        window = self._window(start, end)
        is_long = end - window.start >= self._look_for_pause_at
        prefix = self._prefix(end - _LONGEST_KEPT_SECONDS * SAMPLE_RATE if is_long else end)
        return replace(window, prefix=prefix, word_timestamps=is_long)

    def final_request(self, start: int, end: int) -> Request:
        """The decode that settles the utterance: all of it, however long, without what was agreed."""
        return Request(start, end, self.language, partial=False)

    def update(self, request: Request, transcript: Transcript) -> Shown:
        """What to show after the answer to `request`."""
        heard = words(transcript.text, transcript.language)
        if not heard or transcript.average_log_probability < _DOUBTED_LOG_PROBABILITY:
            self._doubt(request)
            return self._shown
        self._doubted = False
        self._learn_language(request, transcript)
        known = words(self._after_prefix(request), self._written)
        n_known = same_words(keys(known), keys(heard))
        tail = transcript.text[heard[n_known - 1].end :] if n_known else transcript.text
        spoken = spoken_words(transcript)
        self._agree(request, tail, _settled(request, spoken) - n_known)
        if request.word_timestamps:
            self._move(request, spoken)
        return self._shown

    def _window(self, start: int, end: int) -> Request:
        before = self._stable[: self._window_text]
        start = max(start, self._window_start)
        return Request(start, end, self.language, prompt=_tail(before), before=before)

    def _prefix(self, heard_until: int) -> str:
        """Agreed words of the window that were heard by then, without the newest of them."""
        if self._doubted or self.language is None:
            return ""
        length = max((length for length, end in self._agreed_at if end <= heard_until), default=0)
        text = self._stable[self._window_text : length]
        given = words(text, self.language)[:-_WITHHELD_WORDS]
        return text[: given[-1].end].strip() if given else ""

    def _doubt(self, request: Request) -> None:
        # The agreed words may be what leads the decoder astray: it is not told them the next time.
        self._doubted = bool(request.prefix)
        if request.partial and request.end - request.start >= _LONGEST_SAMPLES:
            self._begin_window(request.end - _SHORTEST_KEPT_SECONDS * SAMPLE_RATE, len(self._stable))

    def _learn_language(self, request: Request, transcript: Transcript) -> None:
        is_long_enough = request.end - request.start >= _KEPT_LANGUAGE_SAMPLES
        if is_long_enough and transcript.language_probability >= _KEPT_LANGUAGE_PROBABILITY:
            self.language = self.language or transcript.language
        if transcript.language != self._written:
            self._unstable = []
        self._written = transcript.language

    def _agree(self, request: Request, tail: str, n_settled: int) -> None:
        """Compare `tail`, what was heard after the stable words, with the decode before; show it."""
        new = words(tail, self._written)
        n_agreed = max(common(self._unstable, keys(new)), n_settled)
        self._unstable = keys(new[n_agreed:])
        end = 0
        if n_agreed:
            end = new[n_agreed - 1].end
            self._stable = joined(self._stable, tail[:end], self._written)
            self._agreed_at.append((len(self._stable), request.end))
        text = joined(self._stable, tail[end:], self._written)
        self._shown = Shown(_UNFINISHED.sub("", text), len(self._stable))

    def _move(self, request: Request, spoken: Sequence[Spoken]) -> None:
        """Let the window begin at the best pause between two agreed words, if there is one."""
        known = self._after_prefix(request)
        length_seconds = (request.end - request.start) / SAMPLE_RATE
        cut = best_cut(
            known,
            self._written,
            spoken,
            earliest=length_seconds - _LONGEST_KEPT_SECONDS,
            latest=length_seconds - _SHORTEST_KEPT_SECONDS,
        )
        if cut is None:
            self._look_for_pause_at = request.end - request.start + _LONGER_BY_SAMPLES
        else:
            place = len(self._stable) - len(known) + cut.characters
            self._begin_window(request.start + round(cut.seconds * SAMPLE_RATE), place)

    def _after_prefix(self, request: Request) -> str:
        """The stable text after what the request was told of it."""
        return self._stable[len(request.before) :].lstrip()[len(request.prefix) :]

    def _begin_window(self, start: int, text: int) -> None:
        self._window_start, self._window_text = start, text
        self._look_for_pause_at = _LONG_SAMPLES


def _settled(request: Request, spoken: Sequence[Spoken]) -> int:
    """How many words of a window that has grown too long are taken without a second decode."""
    if request.end - request.start < _LONGEST_SAMPLES:
        return 0
    until_seconds = (request.end - request.start) / SAMPLE_RATE - _SHORTEST_KEPT_SECONDS
    return sum(word.end <= until_seconds for word in spoken)


def _tail(text: str) -> str:
    """The last words of `text`, for the decoder to go on in the same style."""
    if len(text) <= _PROMPT_CHARACTERS:
        return text.strip()
    return text[-_PROMPT_CHARACTERS:].partition(" ")[2].strip() or text[-_PROMPT_CHARACTERS:]
