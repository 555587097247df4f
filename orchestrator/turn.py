"""Turn-taking as a pure state machine: events in, actions out, time counted in samples.

It decides when an utterance starts and ends, when a partial transcript is due, when a pause is worth preparing a reply
in, when a reply starts and what stops it. It knows no clock, no socket and no model; the session carries out what it
says. What it does not know: what words mean. Whether a pause is the end and whether speech over a reply wants the
word is judged outside and comes back as an event.

Two things go on at once and are kept apart: hearing (is there an utterance?) and replying (is there a reply?).
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.audio import FRAME_SAMPLES
from orchestrator.config import TurnTakingSettings
from orchestrator.overlapping import Overlap
from orchestrator.turn_events import (
    Action,
    AnnounceSpeech,
    CommitRequested,
    DropPrepared,
    DropTurn,
    Duck,
    Event,
    FrameScored,
    InterruptRequested,
    KeepWords,
    OverlapJudged,
    PartialFinished,
    PauseJudged,
    PrepareReply,
    ReplyFinished,
    ReplyHeard,
    StartReply,
    StopReply,
    TextTyped,
    TranscribeFinal,
    TranscribePartial,
    TranscriptFailed,
    TranscriptFinished,
    UnderstandPause,
    Unduck,
    Utterance,
    samples,
)


def lasts(length: int, ms: int) -> bool:
    """Whether `length` samples, a whole number of frames, are as near to `ms` as frames can be, or longer."""
    return length + FRAME_SAMPLES // 2 >= samples(ms)


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
        self._understood: int | None = None
        self._prepared = False
        self._end_silence_ms: int | None = None
        self._awaited: set[int] = set()
        self._continued: set[int] = set()
        self._owes_reply = False
        self._replying: int | None = None
        self._reply_heard = False
        self._overlap: Overlap | None = None

    @property
    def hearing(self) -> bool:
        return self._hearing is not None

    def receive(self, event: Event) -> list[Action]:
        match event:
            case FrameScored(probability):
                return self._frame(probability)
            case CommitRequested():
                return self._commit()
            case InterruptRequested():
                return [*self._stop_reply(), *self._settle_overlap()]
            case TextTyped(text):
                return self._start_reply(self._next_turn(), text, None)
            case PartialFinished(turn):
                if self._partial_turn == turn:
                    self._partial_turn = None
                return []
            case PauseJudged(turn, end_silence_ms):
                return self._pause_judged(turn, end_silence_ms)
            case TranscriptFinished(turn, text, language):
                return self._transcribed(turn, text, language)
            case TranscriptFailed(turn):
                self._awaited.discard(turn)
                self._continued.discard(turn)
                return []
            case ReplyHeard(turn):
                self._reply_heard = self._reply_heard or self._replying == turn
                return []
            case OverlapJudged(start, interrupts):
                return self._overlap_judged(start, interrupts)
            case ReplyFinished(turn):
                return self._reply_finished(turn)

    def _frame(self, probability: float) -> list[Action]:
        onset = self.position
        self.position += FRAME_SAMPLES
        if probability >= self._speech_threshold():
            self._silence_since = None
            if self._speech_since is None:
                self._speech_since = onset
        elif probability < self.settings.silence_threshold and self._silence_since is None:
            self._silence_since = onset
        if self._hearing is not None:
            return self._follow(self._hearing)
        if self._overlap is not None:
            return self._follow_overlap(self._overlap)
        return self._wait_for_speech()

    def _speech_threshold(self) -> float:
        settings = self.settings
        return settings.reply_speech_threshold if self._is_over_reply() else settings.speech_threshold

    def _is_over_reply(self) -> bool:
        return self._hearing is None and self._replying is not None and self._reply_heard

    def _wait_for_speech(self) -> list[Action]:
        if self._silence_since is not None:
            self._speech_since = None
        since, replying = self._speech_since, self._replying
        if since is None or (replying is not None and not self.settings.interruptible):
            return []
        spoken = self.position - since
        if replying is not None and self._reply_heard:
            if spoken < samples(self.settings.duck_ms):
                return []
            self._overlap = Overlap(self._start_of_speech(since), since, since)
            return [Duck(replying), *self._follow_overlap(self._overlap)]
        if spoken < samples(self.settings.min_speech_ms):
            return []
        # A reply that nobody has heard yet is still owed if this turns out to be no words.
        self._owes_reply = self._owes_reply or replying is not None
        return [*self._stop_reply(), self._begin(self._start_of_speech(since))]

    def _start_of_speech(self, since: int) -> int:
        earliest = self.position - samples(self.settings.max_utterance_ms)
        return max(0, earliest, since - samples(self.settings.prefix_ms))

    def _begin(self, start: int) -> Action:
        turn = self._next_turn()
        self._continued |= self._awaited
        self._hearing = Utterance(turn, start, start, start)
        self._partial_end = start
        return AnnounceSpeech(turn, start)

    def _follow(self, utterance: Utterance) -> list[Action]:
        since = self._silence_since
        actions = self._resume() if since is None else self._pause(utterance, since)
        if self._hearing is None:
            return actions
        if self.position - utterance.start >= samples(self.settings.max_utterance_ms):
            return [*actions, *self._end(self.position), self._begin(self.position)]
        return [*actions, *self._partial(utterance)] if since is None else actions

    def _pause(self, utterance: Utterance, since: int) -> list[Action]:
        settings, silence = self.settings, self.position - since
        if self._is_end(silence):
            return self._end(since)
        actions: list[Action] = []
        if settings.eager and self._understood is None and lasts(silence, settings.pause_ms):
            self._understood = utterance.turn
            actions.append(UnderstandPause(replace(utterance, end=self.position, voiced_end=since)))
        if self._understood is not None and not self._prepared and lasts(silence, settings.eager_silence_ms):
            self._prepared = True
            actions.append(PrepareReply(utterance.turn))
        return actions

    def _is_end(self, silence: int) -> bool:
        settings, needed_ms = self.settings, self._end_silence_ms
        if needed_ms is None:
            # What the judgement rests on is what the reply needs: without it, to end sooner would gain nothing.
            is_judged = self._understood is not None and settings.semantic_endpointing
            needed_ms = settings.unfinished_silence_ms if is_judged else settings.end_silence_ms
        return settings.end_by == "silence" and lasts(silence, needed_ms)

    def _resume(self) -> list[Action]:
        turn = self._understood
        self._forget_pause()
        return [] if turn is None else [DropPrepared(turn)]

    def _forget_pause(self) -> None:
        self._understood = self._end_silence_ms = None
        self._prepared = False

    def _pause_judged(self, turn: int, end_silence_ms: int) -> list[Action]:
        since = self._silence_since
        if self._hearing is None or self._understood != turn or since is None:
            return []
        self._end_silence_ms = end_silence_ms
        return self._end(since) if self._is_end(self.position - since) else []

    def _partial(self, utterance: Utterance) -> list[Action]:
        fresh = self.position - self._partial_end
        if self._partial_turn is not None or fresh < samples(self.settings.partial_interval_ms):
            return []
        self._partial_turn = utterance.turn
        self._partial_end = self.position
        return [TranscribePartial(utterance.turn, utterance.start, self.position)]

    def _commit(self) -> list[Action]:
        if self._hearing is None:
            return []
        return self._end(self.position if self._silence_since is None else self._silence_since)

    def _end(self, voiced_end: int) -> list[Action]:
        heard = self._hearing
        assert heard is not None  # only called while hearing
        self._hearing = self._speech_since = self._silence_since = None
        self._forget_pause()
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
        self._replying, self._reply_heard = turn, False
        self._overlap = None
        self._owes_reply = False
        return [*stopped, StartReply(turn, text, language)]

    def _stop_reply(self) -> list[Action]:
        turn, self._replying = self._replying, None
        return [] if turn is None else [StopReply(turn)]

    def _reply_finished(self, turn: int) -> list[Action]:
        if self._replying != turn:
            return []
        self._replying = None
        return self._settle_overlap()

    def _follow_overlap(self, overlap: Overlap) -> list[Action]:
        asked = overlap.judgement(self.position, self._silence_since, self.settings)
        if asked is not None:
            return [asked]
        if not overlap.is_over(self.position, self._silence_since):
            return []
        self._overlap = self._speech_since = None
        return [] if self._replying is None else [Unduck(self._replying)]

    def _overlap_judged(self, start: int, interrupts: bool) -> list[Action]:
        overlap = self._overlap
        if overlap is None or overlap.voiced_start != start:
            return []
        overlap.judging = False
        if not interrupts:
            return []
        self._overlap = None
        return [*self._stop_reply(), self._begin(overlap.start)]

    def _settle_overlap(self) -> list[Action]:
        """The reply is over: who still speaks has the word, and what is being judged will be."""
        overlap = self._overlap
        if overlap is None or self._silence_since is not None:
            return []
        self._overlap = None
        return [self._begin(overlap.start)]

    def _next_turn(self) -> int:
        self._turns += 1
        return self._turns
