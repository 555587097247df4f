"""Turn-taking: when an utterance starts and ends, what is transcribed, and when a reply starts and stops."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import turn
from orchestrator.audio import FRAME_SAMPLES
from orchestrator.config import TurnTakingSettings

FRAME_MS = 32
Kind = TypeVar("Kind")


def machine(**changes: object) -> turn.TurnTaking:
    return turn.TurnTaking(TurnTakingSettings.model_validate(changes))


def feed(taking: turn.TurnTaking, probability: float, ms: int) -> list[turn.Action]:
    actions: list[turn.Action] = []
    for _ in range(ms // FRAME_MS):
        actions += taking.receive(turn.FrameScored(probability))
    return actions


def of(actions: Iterable[turn.Action], kind: type[Kind]) -> list[Kind]:
    return [action for action in actions if isinstance(action, kind)]


def say(taking: turn.TurnTaking, ms: int = 1600) -> list[turn.Action]:
    return feed(taking, 0.9, ms) + feed(taking, 0.0, 640)


def answer(taking: turn.TurnTaking, number: int, text: str = "hello") -> list[turn.Action]:
    return taking.receive(turn.TranscriptFinished(number, text, "en"))


def test_silence_for_ever_asks_nothing_of_any_model() -> None:
    assert feed(machine(), 0.01, 600_000) == []


def test_a_click_shorter_than_the_shortest_speech_is_not_a_turn() -> None:
    taking = machine(min_speech_ms=128)
    assert feed(taking, 0.9, 96) + feed(taking, 0.0, 2000) == []


def test_speech_then_silence_is_one_utterance_with_its_prefix_and_its_voiced_end() -> None:
    taking = machine(prefix_ms=320, end_silence_ms=512)
    feed(taking, 0.0, 960)
    actions = say(taking)
    (started,) = of(actions, turn.AnnounceSpeech)
    (final,) = of(actions, turn.TranscribeFinal)
    assert started == turn.AnnounceSpeech(1, turn.samples(960 - 320))
    assert final.utterance == turn.Utterance(
        1, started.start, turn.samples(960 + 1600 + 512), turn.samples(960 + 1600)
    )


def test_a_pause_shorter_than_the_end_silence_does_not_end_the_utterance() -> None:
    taking = machine(end_silence_ms=500)
    actions = feed(taking, 0.9, 640) + feed(taking, 0.0, 384) + say(taking)
    assert len(of(actions, turn.AnnounceSpeech)) == len(of(actions, turn.TranscribeFinal)) == 1


def test_a_probability_between_the_thresholds_neither_starts_nor_ends_speech() -> None:
    taking = machine(speech_threshold=0.5, silence_threshold=0.35)
    assert feed(taking, 0.45, 3200) == []
    feed(taking, 0.9, 320)
    assert not of(feed(taking, 0.45, 3200), turn.TranscribeFinal)


def test_one_partial_is_in_flight_at_a_time_and_none_during_silence() -> None:
    taking = machine(partial_interval_ms=320)
    (partial,) = of(feed(taking, 0.9, 3200), turn.TranscribePartial)
    taking.receive(turn.PartialFinished(partial.turn))
    assert len(of(feed(taking, 0.9, 32), turn.TranscribePartial)) == 1
    taking.receive(turn.PartialFinished(partial.turn))
    assert of(feed(taking, 0.0, 320), turn.TranscribePartial) == []


def test_an_hour_of_speech_is_cut_at_the_limit_and_answered_once_at_its_end() -> None:
    taking = machine(max_utterance_ms=10_000)
    finals = []
    for _ in range(3600):
        for final in of(feed(taking, 0.9, 992), turn.TranscribeFinal):
            finals.append(final.utterance)
            assert answer(taking, final.utterance.turn) == [turn.KeepWords(final.utterance.turn, "hello")]
    assert len(finals) > 300
    assert all(one.end == other.start for one, other in pairwise(finals))
    assert max(utterance.end - utterance.start for utterance in finals) <= turn.samples(10_032)
    (last,) = of(feed(taking, 0.0, 640), turn.TranscribeFinal)
    assert of(answer(taking, last.utterance.turn, "the end"), turn.StartReply)


def test_words_cut_off_at_the_limit_are_answered_although_only_silence_follows() -> None:
    taking = machine(max_utterance_ms=10_000)
    (cut,) = of(feed(taking, 0.9, 10_016), turn.TranscribeFinal)
    assert answer(taking, cut.utterance.turn) == [turn.KeepWords(1, "hello")]
    (rest,) = of(feed(taking, 0.0, 640), turn.TranscribeFinal)
    assert answer(taking, rest.utterance.turn, "") == [turn.StartReply(2, "", "en")]


def test_speech_before_the_transcript_is_there_joins_it_to_the_next_turn() -> None:
    taking = machine()
    say(taking)
    feed(taking, 0.9, 640)
    assert answer(taking, 1) == [turn.KeepWords(1, "hello")]
    feed(taking, 0.0, 640)
    assert answer(taking, 2) == [turn.StartReply(2, "hello", "en")]


def test_speech_over_a_reply_stops_it_before_the_new_turn_is_announced() -> None:
    taking = machine(barge_in_ms=256)
    say(taking)
    answer(taking, 1)
    assert feed(taking, 0.9, 224) == []
    assert feed(taking, 0.9, 32)[:2] == [
        turn.StopReply(1),
        turn.AnnounceSpeech(2, taking.position - turn.samples(256 + 320)),
    ]


def test_an_uninterruptible_reply_is_spoken_to_its_end_and_the_waiting_speech_is_heard_then() -> None:
    taking = machine(interruptible=False)
    say(taking)
    answer(taking, 1)
    assert feed(taking, 0.9, 1600) == []
    taking.receive(turn.ReplyFinished(1))
    assert of(feed(taking, 0.9, 32), turn.AnnounceSpeech)


def test_commit_ends_the_utterance_now() -> None:
    taking = machine()
    feed(taking, 0.9, 640)
    (final,) = taking.receive(turn.CommitRequested())
    assert isinstance(final, turn.TranscribeFinal)
    assert final.utterance.end == taking.position
    assert taking.receive(turn.CommitRequested()) == []


def test_a_typed_turn_stops_the_reply_and_starts_its_own() -> None:
    taking = machine()
    taking.receive(turn.TextTyped("one"))
    assert taking.receive(turn.TextTyped("two")) == [turn.StopReply(1), turn.StartReply(2, "two", None)]


def test_an_empty_transcript_is_dropped_and_a_failed_one_is_forgotten() -> None:
    taking = machine()
    say(taking)
    assert answer(taking, 1, "") == [turn.DropTurn(1)]
    say(taking)
    assert taking.receive(turn.TranscriptFailed(2)) == []
    say(taking)
    assert answer(taking, 3) == [turn.StartReply(3, "hello", "en")]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.4, 0.9]), st.integers(1, 60)), max_size=40))
def test_whatever_is_heard_every_turn_is_announced_once_and_ended_at_most_once(
    script: list[tuple[float, int]],
) -> None:
    taking = machine(max_utterance_ms=5000)
    started: list[int] = []
    ended: list[int] = []
    for probability, frames in script:
        for action in feed(taking, probability, frames * FRAME_MS):
            if isinstance(action, turn.AnnounceSpeech):
                started.append(action.turn)
            elif isinstance(action, turn.TranscribeFinal):
                ended.append(action.utterance.turn)
                assert 0 <= action.utterance.start < action.utterance.end <= taking.position
                assert action.utterance.start <= action.utterance.voiced_end <= action.utterance.end
    assert taking.position == sum(frames for _, frames in script) * FRAME_SAMPLES
    assert started == list(range(1, len(started) + 1))
    assert ended == started[: len(ended)]
    assert len(started) - len(ended) in (0, 1)
