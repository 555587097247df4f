from __future__ import annotations

import pytest

from benchmarks.clips import Clip
from benchmarks.floor import Floor
from benchmarks.report import floor_table, load_table, percentiles, ratio
from benchmarks.sessions import Load, TurnResult
from benchmarks.usage import Usage
from client.ask import Answer

CLIP = Clip("a.wav", bytes(2 * 16_000))


def turn(voice_to_voice_ms: float, clip: Clip = CLIP) -> TurnResult:
    legs = {"voice_to_voice_ms": voice_to_voice_ms, "end_silence_ms": 500.0, "first_token_ms": 100.0}
    return TurnResult(clip, Answer("a", "en", "b", "completed", legs, bytes(2 * 22_050), 22_050, 900.0))


def floor(total_ms: float) -> Floor:
    return Floor(total_ms / 2, total_ms / 4, total_ms / 4, total_ms, "a", "b")


def test_the_ratio_is_the_median_without_the_silence() -> None:
    turns = [turn(1_100), turn(1_700), turn(5_000)]
    assert ratio(turns, {"a.wav": floor(400)}) == pytest.approx(3.0)


def test_every_turn_is_compared_with_the_floor_of_its_own_clip() -> None:
    other = Clip("b.wav", CLIP.pcm)
    turns = [turn(900), turn(2_500, other)]
    assert ratio(turns, {"a.wav": floor(400), "b.wav": floor(2_000)}) == pytest.approx(1.0)


def test_there_is_no_ratio_without_turns_or_without_their_floor() -> None:
    assert ratio([], {"a.wav": floor(1)}) is None
    assert ratio([turn(900)], {}) is None


def test_percentiles_are_p50_and_p95() -> None:
    assert percentiles([float(n) for n in range(101)]) == "50 / 95"
    assert percentiles([]) == "-"


def test_the_table_has_a_column_for_each_number_of_sessions() -> None:
    loads = [
        (Load(1, [turn(1_000)], [], []), Usage(1.0, 2**30)),
        (Load(2, [], ["a.wav: no answer"], []), Usage(0, 0)),
    ]
    lines = {line.strip().split("  ")[0]: line.split() for line in load_table(loads).splitlines()}
    assert lines["sessions"][-2:] == ["1", "2"]
    assert lines["voice to voice"][-4:] == ["1000", "/", "1000", "-"]
    assert lines["CPU s per audio s"][-2:] == ["0.50", "-"]
    assert lines["peak memory, MiB"][-2:] == ["1024", "0"]
    assert lines["turns (failed)"][-2:] == ["0", "(1)"]


def test_the_floor_has_a_line_for_each_stage() -> None:
    assert [line.split()[-3:] for line in floor_table([floor(400)]).splitlines()] == [
        ["200", "/", "200"],
        ["100", "/", "100"],
        ["100", "/", "100"],
        ["400", "/", "400"],
    ]
