from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.listening import GOAL_ROLES, Listening, measure, room_tone, table
from benchmarks.usage import ROLES

pytestmark = pytest.mark.anyio


class Wire:
    """A server that says nothing but `pong`, and counts what it was sent."""

    def __init__(self, greeting: str = "") -> None:
        self.received: list[int] = []
        self._greeting = greeting

    async def __call__(self, connection: ServerConnection) -> None:
        if self._greeting:
            await connection.send(self._greeting)
        async for message in connection:
            if isinstance(message, bytes):
                self.received.append(len(message))
            else:
                await connection.send(json.dumps({"type": "pong", "seq": 0, "at_ms": 0, "id": None}))


@asynccontextmanager
async def serving(wire: Wire) -> AsyncIterator[str]:
    async with serve(wire, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_every_session_sends_in_real_time_and_its_last_message_is_answered() -> None:
    wire = Wire()
    async with serving(wire) as url:
        listening = await measure(url, sessions=3, seconds=1.0, message_ms=32)
    assert set(wire.received) == {1024}
    assert len(wire.received) * 0.032 == pytest.approx(3 * 3.0, rel=0.15)
    assert len(listening.behind_ms) == 3
    assert max(listening.behind_ms) < 500
    assert listening.faults == 0


async def test_an_error_is_a_fault() -> None:
    error = {"type": "error", "seq": 0, "at_ms": 0, "code": "internal", "message": "no", "retryable": False}
    async with serving(Wire(json.dumps(error))) as url:
        listening = await measure(url, sessions=2, seconds=0.1, message_ms=32)
    assert listening.faults == 2


def test_room_tone_is_soft_and_the_same_for_the_same_seed() -> None:
    samples = np.frombuffer(room_tone(1.0, seed=3), dtype="<i2")
    assert len(samples) == 16_000
    assert 15 < np.std(samples) < 25
    assert room_tone(1.0, seed=3) == samples.tobytes() != room_tone(1.0, seed=4)


def test_a_session_has_its_share_of_everything_that_runs() -> None:
    idle = Listening(0, 10.0, dict.fromkeys(ROLES, 0.1))
    busy = Listening(4, 10.0, dict.fromkeys(ROLES, 0.8))
    assert busy.cpu_seconds_per_audio_second() == pytest.approx(len(ROLES) * 0.8 / 10 / 4)
    assert busy.cpu_seconds_per_audio_second(GOAL_ROLES) == pytest.approx(3 * 0.8 / 10 / 4)
    lines = [line.split() for line in table(idle, busy).splitlines()]
    assert lines[1] == ["orchestrator", "0.0100", "0.0800", "0.0200"]
    assert lines[-1] == ["all", "0.0500", "0.4000", "0.1000"]
