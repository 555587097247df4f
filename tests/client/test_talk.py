from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from client.conversation import Conversation
from client.errors import ConnectionLost, DeviceMissing
from client.events import Event, FinalTranscript, Metrics
from client.sound import Loudspeaker, Microphone
from client.talk import talk
from tests.client.wire_server import REPLY_PCM, WORDS, WireServer

pytestmark = pytest.mark.anyio


class FakeStream:
    """A device whose thread calls back every 20 ms, as PortAudio does."""

    def __init__(self, device: FakeSoundDevice, step: Callable[[int], None]) -> None:
        self._step = step
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        device.streams.append(self)

    def start(self) -> None:
        self._open.set()
        self._thread.start()

    def close(self) -> None:
        self._open.clear()
        self._thread.join()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    def _run(self) -> None:
        index = 0
        while self._open.is_set():
            self._step(index)
            index += 1
            time.sleep(0.02)


class FakeSoundDevice:
    """As much of `sounddevice` as is used: a microphone that hears 200 ms of voice, and a loudspeaker."""

    class PortAudioError(Exception):
        pass

    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.played = bytearray()
        self.missing = False

    def RawInputStream(self, *, callback: Callable[..., None], blocksize: int, **_: Any) -> FakeStream:  # noqa: N802
        if self.missing:
            raise self.PortAudioError("no default input device")
        voiced, silent = b"\1\1" * blocksize, bytes(2 * blocksize)
        return FakeStream(self, lambda n: callback(voiced if n < 10 else silent, blocksize, None, None))

    def RawOutputStream(self, *, callback: Callable[..., None], samplerate: int, **_: Any) -> FakeStream:  # noqa: N802
        if self.missing:
            raise self.PortAudioError("no default output device")
        frames = samplerate // 50

        def step(_: int) -> None:
            buffer = memoryview(bytearray(2 * frames))
            callback(buffer, frames, None, None)
            self.played += buffer

        return FakeStream(self, step)


async def test_speech_goes_out_and_the_reply_comes_out_of_the_loudspeaker(wire_server: WireServer) -> None:
    device = FakeSoundDevice()
    seen: list[Event] = []
    async with Conversation(wire_server.url) as conversation:
        with anyio.move_on_after(1.5):
            await talk(conversation, device, seen.append)
    assert [event.text for event in seen if isinstance(event, FinalTranscript)] == [WORDS]
    assert any(isinstance(event, Metrics) for event in seen)
    assert REPLY_PCM in device.played
    assert len(device.streams) == 2
    assert not any(stream.is_open for stream in device.streams)


async def test_a_server_that_closes_ends_the_talk(wire_server: WireServer) -> None:
    wire_server.misbehaviour = "close"
    device = FakeSoundDevice()
    async with Conversation(wire_server.url) as conversation:
        with pytest.raises(ConnectionLost, match="1011"):
            await talk(conversation, device, lambda _: None)
    assert not any(stream.is_open for stream in device.streams)


async def test_a_machine_without_devices_says_so(wire_server: WireServer) -> None:
    device = FakeSoundDevice()
    device.missing = True
    async with Conversation(wire_server.url) as conversation:
        with pytest.raises(DeviceMissing, match="no microphone can be opened"):
            await talk(conversation, device, lambda _: None)
    with pytest.raises(DeviceMissing, match="no loudspeaker"):
        Loudspeaker(device, 22_050)


async def test_dropping_makes_the_loudspeaker_silent_at_once() -> None:
    device = FakeSoundDevice()
    loudspeaker = Loudspeaker(device, 16_000)
    loudspeaker.play(b"\1\1" * 160_000)
    await anyio.sleep(0.1)
    loudspeaker.drop()
    await anyio.sleep(0.1)
    loudspeaker.close()
    assert device.played.endswith(bytes(640))


async def test_a_microphone_nobody_reads_keeps_the_newest_second() -> None:
    device = FakeSoundDevice()
    async with Microphone(device) as microphone:
        await anyio.sleep(1.5)
        async for chunk in microphone:
            assert not any(chunk)  # the voice of the first 200 ms is gone
            break
