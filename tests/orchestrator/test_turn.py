"""Turn-taking: when an utterance starts and ends, what is transcribed, and when a reply starts and stops."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import turn_events as turn
from orchestrator.audio import FRAME_SAMPLES
from orchestrator.config import TurnTakingSettings
from orchestrator.turn import TurnTaking

FRAME_MS = 32
Kind = TypeVar("Kind")


def machine(**changes: object) -> TurnTaking:
    """One that waits for no judgement of a pause unless it is told to."""
    return TurnTaking(TurnTakingSettings.model_validate({"semantic_endpointing": False, **changes}))


def feed(taking: TurnTaking, probability: float, ms: int) -> list[turn.Action]:
    actions: list[turn.Action] = []
    for _ in range(ms // FRAME_MS):
        actions += taking.receive(turn.FrameScored(probability))
    return actions


def of(actions: Iterable[turn.Action], kind: type[Kind]) -> list[Kind]:
    return [action for action in actions if isinstance(action, kind)]


def say(taking: TurnTaking, ms: int = 1600) -> list[turn.Action]:
    return feed(taking, 0.9, ms) + feed(taking, 0.0, 640)


def answer(taking: TurnTaking, number: int, text: str = "hello") -> list[turn.Action]:
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


def replying(**changes: object) -> TurnTaking:
    """A machine whose first turn is being answered aloud."""
    taking = machine(**changes)
    say(taking)
    answer(taking, 1)
    taking.receive(turn.ReplyHeard(1))
    return taking


def judged(taking: TurnTaking, asked: turn.JudgeOverlap, *, interrupts: bool) -> list[turn.Action]:
    return taking.receive(turn.OverlapJudged(asked.voiced_start, interrupts))


def test_speech_over_a_reply_ducks_it_at_once_and_is_judged_when_there_is_enough_of_it() -> None:
    taking = replying(duck_ms=64, barge_in_ms=256, prefix_ms=320)
    start = taking.position
    assert feed(taking, 0.9, 32) == []
    assert feed(taking, 0.9, 32) == [turn.Duck(1)]
    assert feed(taking, 0.9, 160) == []
    (asked,) = feed(taking, 0.9, 32)
    assert asked == turn.JudgeOverlap(start - turn.samples(320), start, taking.position)
    assert feed(taking, 0.9, 640) == []  # one judgement at a time


def test_words_over_a_reply_stop_it_before_the_new_turn_is_announced_from_their_beginning() -> None:
    taking = replying()
    start = taking.position
    (asked,) = of(feed(taking, 0.9, 320), turn.JudgeOverlap)
    assert judged(taking, asked, interrupts=True) == [
        turn.StopReply(1),
        turn.AnnounceSpeech(2, start - turn.samples(320)),
    ]
    assert of(feed(taking, 0.0, 640), turn.TranscribeFinal)


def test_a_sound_over_a_reply_lets_it_go_on_and_is_judged_again_while_it_lasts() -> None:
    taking = replying()
    (asked,) = of(feed(taking, 0.9, 320), turn.JudgeOverlap)
    assert judged(taking, asked, interrupts=False) == []
    (again,) = of(feed(taking, 0.9, 320), turn.JudgeOverlap)
    assert again.end > asked.end
    assert judged(taking, again, interrupts=False) == []
    (last,) = of(feed(taking, 0.0, 320), turn.JudgeOverlap)
    assert judged(taking, last, interrupts=False) == []
    assert feed(taking, 0.0, 320) == [turn.Unduck(1)]
    assert feed(taking, 0.0, 3200) == []


def test_a_click_over_a_reply_ducks_it_for_a_moment_and_asks_nobody() -> None:
    taking = replying(barge_in_ms=256)
    actions = feed(taking, 0.9, 96) + feed(taking, 0.0, 640)
    assert actions == [turn.Duck(1), turn.Unduck(1)]


def test_a_judgement_that_comes_late_is_still_heeded_and_one_of_an_older_overlap_is_not() -> None:
    taking = replying()
    (asked,) = of(feed(taking, 0.9, 320), turn.JudgeOverlap)
    assert feed(taking, 0.0, 960) == []  # the reply stays ducked until the judgement is there
    assert judged(taking, asked, interrupts=True)[0] == turn.StopReply(1)
    assert taking.receive(turn.OverlapJudged(asked.voiced_start, True)) == []


def test_who_speaks_when_the_reply_ends_has_the_word() -> None:
    taking = replying()
    feed(taking, 0.9, 192)
    assert of(taking.receive(turn.ReplyFinished(1)), turn.AnnounceSpeech)


def test_words_at_the_very_end_of_a_reply_are_not_lost() -> None:
    taking = replying()
    (asked,) = of(feed(taking, 0.9, 320), turn.JudgeOverlap)
    feed(taking, 0.0, 64)
    assert taking.receive(turn.ReplyFinished(1)) == []
    assert of(judged(taking, asked, interrupts=True), turn.AnnounceSpeech)


def test_speech_before_a_reply_is_heard_stops_it_at_once_and_it_is_owed_if_there_were_no_words() -> None:
    taking = machine(min_speech_ms=128)
    say(taking)
    answer(taking, 1)
    actions = feed(taking, 0.9, 128)
    assert actions[0] == turn.StopReply(1)
    assert isinstance(actions[1], turn.AnnounceSpeech)
    feed(taking, 0.0, 640)
    assert answer(taking, 2, "") == [turn.StartReply(2, "", "en")]


def test_over_a_reply_speech_must_be_clearer() -> None:
    taking = replying(speech_threshold=0.5, reply_speech_threshold=0.7)
    assert feed(taking, 0.6, 3200) == []
    assert of(feed(taking, 0.8, 64), turn.Duck)


def pause(taking: TurnTaking, ms: int = 224) -> turn.UnderstandPause:
    actions = feed(taking, 0.0, ms)
    (understand,) = of(actions, turn.UnderstandPause)
    assert of(actions, turn.PrepareReply) == [turn.PrepareReply(understand.utterance.turn)]
    return understand


def test_a_pause_is_understood_and_then_prepares_a_reply_and_the_end_of_the_turn_follows() -> None:
    taking = machine(pause_ms=96, eager_silence_ms=200, end_silence_ms=500)
    feed(taking, 0.9, 960)
    heard = turn.Utterance(1, 0, turn.samples(960 + 96), turn.samples(960))
    assert feed(taking, 0.0, 96) == [turn.UnderstandPause(heard)]
    assert feed(taking, 0.0, 64) == []
    assert feed(taking, 0.0, 32) == [turn.PrepareReply(1)]
    (final,) = feed(taking, 0.0, 320)
    assert isinstance(final, turn.TranscribeFinal)


def test_a_short_pause_is_understood_and_no_reply_is_begun_in_it() -> None:
    taking = machine()
    feed(taking, 0.9, 960)
    actions = feed(taking, 0.0, 128) + feed(taking, 0.9, 320)
    assert len(of(actions, turn.UnderstandPause)) == len(of(actions, turn.DropPrepared)) == 1
    assert not of(actions, turn.PrepareReply)


def test_without_eager_replies_a_pause_asks_for_nothing() -> None:
    taking = machine(eager=False)
    feed(taking, 0.9, 960)
    (final,) = feed(taking, 0.0, 512)
    assert isinstance(final, turn.TranscribeFinal)


def test_speech_after_a_pause_drops_what_was_prepared_and_the_next_pause_prepares_anew() -> None:
    taking = machine()
    feed(taking, 0.9, 960)
    pause(taking)
    assert taking.receive(turn.FrameScored(0.9))[0] == turn.DropPrepared(1)
    assert not of(feed(taking, 0.9, 320), turn.DropPrepared)
    assert pause(taking).utterance.turn == 1


def test_a_finished_question_ends_the_turn_sooner_and_an_unfinished_one_later() -> None:
    for silence_ms in (320, 960):
        taking = machine(end_silence_ms=500)
        feed(taking, 0.9, 960)
        pause(taking)
        taking.receive(turn.PauseJudged(1, silence_ms))
        assert not of(feed(taking, 0.0, silence_ms - 224 - 32), turn.TranscribeFinal)
        assert of(feed(taking, 0.0, 32), turn.TranscribeFinal)


def test_the_end_waits_for_a_judgement_that_is_late_as_long_as_it_might_ask_for() -> None:
    taking = machine(semantic_endpointing=True, end_silence_ms=500, unfinished_silence_ms=1200)
    feed(taking, 0.9, 960)
    pause(taking)
    assert not of(feed(taking, 0.0, 928), turn.TranscribeFinal)
    assert of(feed(taking, 0.0, 64), turn.TranscribeFinal)


def test_a_judgement_that_comes_after_its_silence_ends_the_turn_at_once() -> None:
    taking = machine(end_silence_ms=500)
    feed(taking, 0.9, 960)
    pause(taking, 416)
    assert of(taking.receive(turn.PauseJudged(1, 400)), turn.TranscribeFinal)


def test_a_judgement_holds_for_its_own_pause_only() -> None:
    taking = machine(end_silence_ms=500)
    feed(taking, 0.9, 960)
    pause(taking)
    taking.receive(turn.PauseJudged(1, 5000))
    feed(taking, 0.9, 320)
    assert taking.receive(turn.PauseJudged(1, 5000)) == []
    assert of(feed(taking, 0.0, 512), turn.TranscribeFinal)


def test_push_to_talk_ends_by_commit_alone() -> None:
    taking = machine(end_by="commit")
    feed(taking, 0.9, 960)
    assert not of(feed(taking, 0.0, 5000), turn.TranscribeFinal)
    (final,) = taking.receive(turn.CommitRequested())
    assert isinstance(final, turn.TranscribeFinal)
    assert final.utterance.voiced_end == turn.samples(960)


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
