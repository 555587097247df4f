"""Turn-taking as a pure state machine: events in, actions out, time counted in samples.

It decides when an utterance starts and ends, when a partial transcript is due, when a reply starts and when speech
stops it. It knows no clock, no socket and no model; the session carries out what it says.

Two things go on at once and are kept apart: hearing (is there an utterance?) and replying (is there a reply?).
What it does not know: whether speech over a reply is a real word or a cough (any long enough speech interrupts).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE
from orchestrator.config import TurnTakingSettings


@dataclass(frozen=True)
class FrameScored:
    """The next 512 samples hold speech with this probability."""

    probability: float


@dataclass(frozen=True)
class CommitRequested:
    """The client says that the utterance ends now."""


@dataclass(frozen=True)
class InterruptRequested:
    """The client wants the reply to stop."""


@dataclass(frozen=True)
class TextTyped:
    text: str


@dataclass(frozen=True)
class PartialFinished:
    turn: int


@dataclass(frozen=True)
class TranscriptFinished:
    turn: int
    text: str
    language: str


@dataclass(frozen=True)
class TranscriptFailed:
    turn: int


@dataclass(frozen=True)
class ReplyFinished:
    turn: int


Event = (
    FrameScored
    | CommitRequested
    | InterruptRequested
    | TextTyped
    | PartialFinished
    | TranscriptFinished
    | TranscriptFailed
    | ReplyFinished
)


@dataclass(frozen=True)
class Utterance:
    """Samples [start, end) of the session's audio; speech proper stopped at `voiced_end`."""

    turn: int
    start: int
    end: int
    voiced_end: int


@dataclass(frozen=True)
class AnnounceSpeech:
    turn: int
    start: int


@dataclass(frozen=True)
class TranscribePartial:
    turn: int
    start: int
    end: int


@dataclass(frozen=True)
class TranscribeFinal:
    utterance: Utterance


@dataclass(frozen=True)
class StartReply:
    """Answer `text`; empty where only words kept before (`KeepWords`) are still to be answered."""

    turn: int
    text: str
    language: str | None


@dataclass(frozen=True)
class KeepWords:
    """Words that get no reply of their own because the person went on speaking; they count as said."""

    turn: int
    text: str


@dataclass(frozen=True)
class DropTurn:
    """Nothing was said in it."""

    turn: int


@dataclass(frozen=True)
class StopReply:
    turn: int


Action = AnnounceSpeech | TranscribePartial | TranscribeFinal | StartReply | KeepWords | DropTurn | StopReply


def samples(ms: int) -> int:
    return ms * SAMPLE_RATE // 1000


class TurnTaking:
    """One session's turns. Feed it every event in order; carry out the actions it returns, in order."""

    def __init__(self, settings: TurnTakingSettings) -> None:
        self.settings = settings
        self.position = 0
        self._turns = 0
        self._speech_since: int | None = None
        self._silence_since: int | None = None
        self._hearing: Utterance | None = None
        self._partial_turn: int | None = None
        self._partial_end = 0
        self._awaited: set[int] = set()
        self._continued: set[int] = set()
        self._owes_reply = False
        self._replying: int | None = None

    @property
    def hearing(self) -> bool:
        return self._hearing is not None

    def receive(self, event: Event) -> list[Action]:
        match event:
            case FrameScored(probability):
                return self._frame(probability)
            case CommitRequested():
                return self._end(self.position) if self._hearing is not None else []
            case InterruptRequested():
                return self._stop_reply()
            case TextTyped(text):
                return self._start_reply(self._next_turn(), text, None)
            case PartialFinished(turn):
                if self._partial_turn == turn:
                    self._partial_turn = None
                return []
            case TranscriptFinished(turn, text, language):
                return self._transcribed(turn, text, language)
            case TranscriptFailed(turn):
                self._awaited.discard(turn)
                self._continued.discard(turn)
                return []
            case ReplyFinished(turn):
                if self._replying == turn:
                    self._replying = None
                return []

    def _frame(self, probability: float) -> list[Action]:
        onset = self.position
        self.position += FRAME_SAMPLES
        if probability >= self.settings.speech_threshold:
            self._silence_since = None
            if self._speech_since is None:
                self._speech_since = onset
        elif probability < self.settings.silence_threshold and self._silence_since is None:
            self._silence_since = onset
        if self._hearing is None:
            return self._wait_for_speech()
        return self._follow(self._hearing)

    def _wait_for_speech(self) -> list[Action]:
        if self._silence_since is not None:
            self._speech_since = None
        replying = self._replying is not None
        if self._speech_since is None or (replying and not self.settings.interruptible):
            return []
        needed = self.settings.barge_in_ms if replying else self.settings.min_speech_ms
        if self.position - self._speech_since < samples(needed):
            return []
        earliest = self.position - samples(self.settings.max_utterance_ms)
        start = max(0, earliest, self._speech_since - samples(self.settings.prefix_ms))
        return [*self._stop_reply(), self._begin(start)]

    def _begin(self, start: int) -> Action:
        turn = self._next_turn()
        self._continued |= self._awaited
        self._hearing = Utterance(turn, start, start, start)
        self._partial_end = start
        return AnnounceSpeech(turn, start)

    def _follow(self, utterance: Utterance) -> list[Action]:
        since = self._silence_since
        if since is not None and self.position - since >= samples(self.settings.end_silence_ms):
            return self._end(since)
        if self.position - utterance.start >= samples(self.settings.max_utterance_ms):
            return [*self._end(self.position), self._begin(self.position)]
        return self._partial(utterance) if since is None else []

    def _partial(self, utterance: Utterance) -> list[Action]:
        fresh = self.position - self._partial_end
        if self._partial_turn is not None or fresh < samples(self.settings.partial_interval_ms):
            return []
        self._partial_turn = utterance.turn
        self._partial_end = self.position
        return [TranscribePartial(utterance.turn, utterance.start, self.position)]

    def _end(self, voiced_end: int) -> list[Action]:
        heard = self._hearing
        assert heard is not None  # only called while hearing
        self._hearing = self._speech_since = self._silence_since = None
        self._awaited.add(heard.turn)
        return [TranscribeFinal(Utterance(heard.turn, heard.start, self.position, voiced_end))]

    def _transcribed(self, turn: int, text: str, language: str) -> list[Action]:
        went_on = turn in self._continued
        self._awaited.discard(turn)
        self._continued.discard(turn)
        if went_on and text:
            self._owes_reply = True
            return [KeepWords(turn, text)]
        if went_on or not (text or self._owes_reply):
            return [DropTurn(turn)]
        return self._start_reply(turn, text, language)

    def _start_reply(self, turn: int, text: str, language: str | None) -> list[Action]:
        stopped = self._stop_reply()
        self._replying = turn
        self._owes_reply = False
        return [*stopped, StartReply(turn, text, language)]

    def _stop_reply(self) -> list[Action]:
        turn, self._replying = self._replying, None
        return [] if turn is None else [StopReply(turn)]

    def _next_turn(self) -> int:
        self._turns += 1
        return self._turns
