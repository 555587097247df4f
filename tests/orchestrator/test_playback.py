from __future__ import annotations

import pytest

from orchestrator.playback import Playback


def test_audio_is_held_back_to_the_lead() -> None:
    playback = Playback(lead_ms=300)
    playback.sent(10.0, "one two", 1000)
    assert playback.wait_ms(10.0) == 700
    assert playback.wait_ms(10.5) == pytest.approx(200)
    assert playback.wait_ms(10.8) == 0


def test_words_are_heard_in_proportion_to_what_was_played() -> None:
    playback = Playback()
    playback.sent(0.0, "one two three four", 1000)
    playback.sent(0.0, "five six", 1000)
    assert playback.heard(0.0) == ""
    assert playback.heard(0.5) == "one two"
    assert playback.heard(1.5) == "one two three four five"
    assert playback.heard(9.0) == "one two three four five six"


def test_the_clients_report_is_believed_over_the_clock() -> None:
    playback = Playback()
    playback.sent(0.0, "one two three four", 1000)
    playback.report(0.8, 250)
    assert playback.heard(0.8) == "one"
    assert playback.played_ms(0.9) == pytest.approx(350)


def test_a_gap_in_the_audio_is_not_counted_as_played() -> None:
    playback = Playback()
    playback.sent(0.0, "one", 500)
    playback.sent(3.0, "two", 500)
    assert playback.played_ms(3.1) == pytest.approx(600)
    assert playback.remaining_ms(3.1) == pytest.approx(400)


def test_a_report_beyond_what_was_sent_is_clamped() -> None:
    playback = Playback()
    playback.sent(0.0, "one", 500)
    playback.report(0.1, 1e9)
    assert playback.played_ms(0.1) == 500


def test_nothing_sent_is_nothing_heard() -> None:
    assert Playback().heard(5.0) == ""


def test_words_are_counted_in_the_whole_piece_though_only_its_beginning_was_sent() -> None:
    playback = Playback()
    for chunk in range(8):
        playback.words.add("one two three four five six seven eight" if chunk == 0 else "", 500)
    playback.words.end_piece()
    for chunk in range(3):
        playback.sent(0.0, "one two three four five six seven eight" if chunk == 0 else "", 500)
    assert playback.heard(1.5) == "one two three"


def test_what_sounds_lately_is_what_was_played_and_what_was_sent_ahead() -> None:
    playback = Playback()
    for text in ("one", "two", "three", "four"):
        playback.words.add(text, 2000)
        playback.words.end_piece()
    for text in ("one", "two", "three"):
        playback.sent(0.0, text, 2000)
    assert playback.lately(4.5, before_ms=2000) == "two three"
