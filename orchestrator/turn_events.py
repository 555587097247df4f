"""What turn-taking is told (events, past) and what it decides (actions, imperative); positions are in samples."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.audio import SAMPLE_RATE


def samples(ms: int) -> int:
    return ms * SAMPLE_RATE // 1000


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
class PauseJudged:
    """What was said so far suggests that a silence of `end_silence_ms` ends the turn, this pause and no later one."""

    turn: int
    end_silence_ms: int


@dataclass(frozen=True)
class TranscriptFinished:
    turn: int
    text: str
    language: str


@dataclass(frozen=True)
class TranscriptFailed:
    turn: int


@dataclass(frozen=True)
class ReplyHeard:
    """The first audio of the reply has left: from now on speech is speech over it."""

    turn: int


@dataclass(frozen=True)
class OverlapJudged:
    """Whether the speech over the reply that began at `start` wants the word."""

    start: int
    interrupts: bool


@dataclass(frozen=True)
class ReplyFinished:
    turn: int


Event = (
    FrameScored
    | CommitRequested
    | InterruptRequested
    | TextTyped
    | PartialFinished
    | PauseJudged
    | TranscriptFinished
    | TranscriptFailed
    | ReplyHeard
    | OverlapJudged
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
class UnderstandPause:
    """A pause after `utterance`: that may be all, or tell how long a silence is the end (`PauseJudged`)."""

    utterance: Utterance


@dataclass(frozen=True)
class PrepareReply:
    """A pause that may well be the end: begin the reply to what was understood, and let nothing of it out."""

    turn: int


@dataclass(frozen=True)
class DropPrepared:
    """The person went on: what was made of the pause answers something else."""

    turn: int


@dataclass(frozen=True)
class TranscribeFinal:
    """The utterance is over; its transcript may have been made ready in the pause."""

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
class Duck:
    """Somebody speaks over the reply: lower it until that is understood."""

    turn: int


@dataclass(frozen=True)
class Unduck:
    """It was no interruption: the reply goes on as before."""

    turn: int


@dataclass(frozen=True)
class JudgeOverlap:
    """Understand samples [start, end), spoken over the reply from `voiced_start` on; answered by `OverlapJudged`."""

    start: int
    voiced_start: int
    end: int


@dataclass(frozen=True)
class StopReply:
    turn: int


Action = (
    AnnounceSpeech
    | TranscribePartial
    | UnderstandPause
    | PrepareReply
    | DropPrepared
    | TranscribeFinal
    | StartReply
    | KeepWords
    | DropTurn
    | Duck
    | Unduck
    | JudgeOverlap
    | StopReply
)
