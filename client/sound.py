"""Microphone and loudspeaker, through `sounddevice` (PortAudio): optional, for `beautyai talk` only."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

import anyio
import numpy as np
from anyio.from_thread import BlockingPortal

from client.conversation import SAMPLE_RATE
from client.errors import DeviceMissing
from client.pacing import CHUNK_MS
from client.recording import BYTES_PER_SAMPLE

_QUEUED_CHUNKS = 50  # 1 s; beyond that the oldest go, as late speech is of no use to a conversation


def load_sounddevice() -> Any:
    """The `sounddevice` module.

    Raises:
        DeviceMissing: it, or the PortAudio library under it, is not installed.
    """
    try:
        import sounddevice
    except ImportError as error:
        raise DeviceMissing(
            "the microphone needs the package `sounddevice`; install it with: pip install sounddevice"
        ) from error
    except OSError as error:
        raise DeviceMissing(
            "the microphone needs the PortAudio library; install it with: sudo apt install libportaudio2"
        ) from error
    return sounddevice


class Microphone:
    """16 kHz mono PCM16 from the default input, in chunks of 20 ms.

    Raises:
        DeviceMissing: on entering, there is no input device.
    """

    def __init__(self, sounddevice: Any) -> None:
        self._sounddevice = sounddevice
        self._portal = BlockingPortal()
        self._send, self._receive = anyio.create_memory_object_stream[bytes](_QUEUED_CHUNKS)

    async def __aenter__(self) -> Microphone:
        await self._portal.__aenter__()
        try:
            self._stream = self._sounddevice.RawInputStream(
                samplerate=SAMPLE_RATE,
                blocksize=SAMPLE_RATE * CHUNK_MS // 1000,
                channels=1,
                dtype="int16",
                callback=self._recorded,
            )
            self._stream.start()
        except self._sounddevice.PortAudioError as error:
            await self._portal.stop()
            raise DeviceMissing(f"no microphone can be opened ({error}); plug one in") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        await self._portal.__aexit__(kind, error, trace)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._receive

    def _recorded(self, chunk: Any, _frames: int, _time: Any, _status: Any) -> None:
        """Called by PortAudio in its own thread."""
        self._portal.start_task_soon(self._offer, bytes(chunk))

    def _offer(self, chunk: bytes) -> None:
        try:
            self._send.send_nowait(chunk)
        except anyio.WouldBlock:
            self._receive.receive_nowait()
            self._send.send_nowait(chunk)


class Loudspeaker:
    """Plays PCM16 mono through the default output, without gaps while it has any, and softly while `ducked`.

    Raises:
        DeviceMissing: there is no output device.
    """

    def __init__(self, sounddevice: Any, sample_rate: int) -> None:
        self.ducked = False
        self._queued = bytearray()
        self._lock = threading.Lock()
        try:
            self._stream = sounddevice.RawOutputStream(
                samplerate=sample_rate, channels=1, dtype="int16", callback=self._wanted
            )
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise DeviceMissing(f"no loudspeaker can be opened ({error}); plug one in") from error

    def play(self, pcm: bytes) -> None:
        """Queue audio."""
        with self._lock:
            self._queued += pcm

    def drop(self) -> None:
        """Be silent at once."""
        with self._lock:
            self._queued.clear()

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()

    def _wanted(self, buffer: Any, frames: int, _time: Any, _status: Any) -> None:
        """Called by PortAudio in its own thread."""
        size_bytes = frames * BYTES_PER_SAMPLE
        with self._lock:
            chunk = bytes(self._queued[:size_bytes])
            del self._queued[:size_bytes]
        buffer[:] = (softer(chunk) if self.ducked else chunk).ljust(size_bytes, b"\0")


def softer(pcm: bytes) -> bytes:
    """PCM16 at a quarter of its loudness (-12 dB)."""
    return (np.frombuffer(pcm, dtype="<i2") // 4).astype("<i2").tobytes()
