from __future__ import annotations

from itertools import islice

import pytest

from client.pacing import chunk_bytes, in_real_time, silence, split

pytestmark = pytest.mark.anyio


class FakeTime:
    """A clock that moves only when somebody sleeps, or works."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now_s += seconds


async def test_a_chunk_comes_when_its_last_sample_would_have_been_recorded() -> None:
    time = FakeTime()
    chunks = in_real_time([b"a", b"b", b"c"], 20, clock=time.clock, sleep=time.sleep)
    came_ms = [(chunk, round((time.now_s - 100) * 1000)) async for chunk in chunks]
    assert came_ms == [(b"a", 20), (b"b", 40), (b"c", 60)]


async def test_a_late_chunk_does_not_delay_those_that_follow() -> None:
    time = FakeTime()
    came_ms = []
    async for chunk in in_real_time([b"a", b"b", b"c", b"d"], 20, clock=time.clock, sleep=time.sleep):
        came_ms.append(round((time.now_s - 100) * 1000))
        time.now_s += 0.045 if chunk == b"a" else 0
    assert came_ms == [20, 65, 65, 80]


def test_the_last_chunk_is_filled_with_silence() -> None:
    assert list(split(b"abcdef", 4)) == [b"abcd", b"ef\0\0"]


def test_silence_never_ends() -> None:
    assert list(islice(silence(4), 3)) == [bytes(4)] * 3


def test_a_chunk_of_20_ms_at_16_khz_has_320_samples() -> None:
    assert chunk_bytes(16_000) == 640
