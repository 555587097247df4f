from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks import overlap_session
from benchmarks.barge_in import word_difference
from benchmarks.overlap_cases import Audio, OverlapCase
from benchmarks.overlap_session import Outcome, OverlapSession
from client.conversation import SAMPLE_RATE

REPLY_RATE = 22_050
SHOUT = OverlapCase("shout", np.full(SAMPLE_RATE // 2, 0.5, np.float32), first_word_end_s=0.2)
MURMUR = OverlapCase("murmur", np.full(SAMPLE_RATE // 2, 0.05, np.float32))


@dataclass
class Server:
    """Speaks a reply of 6 s of a tone, and stops it where the microphone is loud."""

    url: str = ""
    microphone: list[Audio] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)

    async def converse(self, socket: ServerConnection) -> None:
        stopped = False
        await _send(socket, "ready", session_id="s", resumed=False, protocol=1, settings={})
        try:
            async for message in socket:
                if isinstance(message, str):
                    self.received.append(json.loads(message))
                    if self.received[-1]["type"] == "text":
                        await self._reply(socket)
                    continue
                self.microphone.append(np.frombuffer(message, "<i2") / np.float32(32_768))
                if not stopped and np.abs(self.microphone[-1]).max() > 0.4:
                    stopped = True
                    await _send(socket, "duck", turn=1)
                    await _send(socket, "response_done", turn=1, text="one two", reason="interrupted")
        except ConnectionClosed:
            return

    async def _reply(self, socket: ServerConnection) -> None:
        tone = 0.3 * np.sin(np.arange(REPLY_RATE // 2) * 2 * np.pi * 200 / REPLY_RATE)
        pcm = (tone * 32_767).astype("<i2").tobytes()
        for index in range(12):
            content = {"text": "", "sample_rate": REPLY_RATE, "duration_ms": 500.0}
            await _send(socket, "voice_response", turn=1, index=index, **content)
            await socket.send(pcm)


async def _send(socket: ServerConnection, kind: str, **content: Any) -> None:
    await socket.send(json.dumps({"type": kind, "seq": 0, "at_ms": 0.0, **content}))


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(overlap_session, "OVERLAP_AT_S", 0.6)
    monkeypatch.setattr(overlap_session, "AFTER_OVERLAP_S", 0.5)
    server = Server()
    async with serve(server.converse, "127.0.0.1", 0) as running:
        server.url = f"http://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}"
        yield server


async def _run(server: Server, case: OverlapCase, echo_gain: float = 0.0) -> Outcome:
    return await OverlapSession(server.url, case, "a question", echo_gain).run()


@pytest.mark.anyio
async def test_an_interruption_is_timed_from_the_end_of_the_first_word(server: Server) -> None:
    outcome = await _run(server, SHOUT)
    assert outcome.interrupted
    assert outcome.ducks == 1
    assert outcome.interrupted_after_ms == pytest.approx(-200, abs=80)
    assert len(outcome.heard) / SAMPLE_RATE == pytest.approx(0.6, abs=0.15)


@pytest.mark.anyio
async def test_a_reply_that_goes_on_is_watched_beyond_the_overlap(server: Server) -> None:
    outcome = await _run(server, MURMUR)
    assert outcome.done is None
    assert not outcome.interrupted
    assert len(outcome.heard) / SAMPLE_RATE > 1.4
    playback = [message["played_ms"] for message in server.received if message["type"] == "playback"]
    assert len(playback) > 3
    assert playback == sorted(playback)


@pytest.mark.anyio
async def test_the_loudspeaker_is_in_the_microphone_at_the_gain_that_was_asked(server: Server) -> None:
    await _run(server, MURMUR, echo_gain=0.5)
    sounding = np.concatenate(server.microphone)[SAMPLE_RATE // 4 : SAMPLE_RATE // 2]
    assert np.abs(sounding).max() == pytest.approx(0.15, abs=0.02)


@pytest.mark.parametrize(
    ("heard", "transcript", "difference"),
    [
        ("one two", "One, two.", 0),
        ("one two three", "one two", 1),
        ("", "one", -1),
        ("It's fine", "Its fine", 0),
    ],
)
def test_words_are_counted_as_they_are_spoken(heard: str, transcript: str, difference: int) -> None:
    assert word_difference(heard, transcript) == difference
