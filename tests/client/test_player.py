from __future__ import annotations

import pytest

from client.events import ResponseDone, VoiceResponse
from client.player import Player
from tests.client.test_pacing import FakeTime

RATE = 1_000  # one sample a millisecond


def chunk(turn: int, ms: int, fill: bytes = b"\1\0", rate: int = RATE) -> VoiceResponse:
    return VoiceResponse(0, 0.0, turn, 0, "", rate, ms, fill * (ms * rate // 1000))


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def player(time: FakeTime) -> Player:
    return Player(time.clock)


def test_playing_takes_the_time_that_the_audio_lasts(player: Player, time: FakeTime) -> None:
    player.add(chunk(0, 500))
    time.now_s += 0.2
    assert player.played_ms == pytest.approx(200)
    assert player.remaining_ms == pytest.approx(300)
    time.now_s += 9
    assert player.played_ms == pytest.approx(500)
    assert player.remaining_ms == 0


def test_the_position_stands_still_while_nothing_is_queued(player: Player, time: FakeTime) -> None:
    player.add(chunk(0, 100))
    time.now_s += 1
    player.add(chunk(0, 100))
    time.now_s += 0.05
    assert player.played_ms == pytest.approx(150)


def test_time_before_the_first_chunk_does_not_count(player: Player, time: FakeTime) -> None:
    time.now_s += 5
    player.add(chunk(0, 100))
    assert player.played_ms == 0


def test_an_interruption_drops_what_was_not_heard(player: Player, time: FakeTime) -> None:
    player.add(chunk(0, 500))
    time.now_s += 0.2
    player.finish(ResponseDone(0, 0.0, 0, "", "interrupted"))
    assert len(player.pcm) == pytest.approx(2 * 200, abs=2)
    assert player.remaining_ms == pytest.approx(0, abs=1)


def test_a_completed_reply_keeps_what_is_queued(player: Player) -> None:
    player.add(chunk(0, 500))
    player.finish(ResponseDone(0, 0.0, 0, "", "completed"))
    assert player.remaining_ms == 500


def test_every_turn_has_its_own_position_and_all_are_kept(player: Player, time: FakeTime) -> None:
    player.add(chunk(0, 100, b"\1\0"))
    time.now_s += 0.1
    player.add(chunk(1, 100, b"\2\0"))
    time.now_s += 0.03
    assert player.turn == 1
    assert player.played_ms == pytest.approx(30)
    assert player.pcm == b"\1\0" * 100 + b"\2\0" * 100


def test_a_chunk_of_another_rate_is_converted(player: Player) -> None:
    player.add(chunk(0, 100, rate=16_000))
    player.add(chunk(0, 100, rate=8_000))
    assert player.sample_rate == 16_000
    assert player.remaining_ms == pytest.approx(200, abs=2)


def test_a_reply_is_late_by_the_time_that_it_stood_still(player: Player, time: FakeTime) -> None:
    player.add(chunk(0, 100))
    time.now_s += 0.08
    player.add(chunk(0, 100))
    assert player.late_ms == 0
    time.now_s += 0.15
    assert player.remaining_ms == 0
    time.now_s += 0.02
    player.add(chunk(0, 100))
    assert player.late_ms == pytest.approx(50)
    time.now_s += 5  # the next turn's answer is not late: it was not begun
    player.add(chunk(1, 100))
    assert player.late_ms == pytest.approx(50)
