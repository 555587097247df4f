"""Recorded audio at the speed of a microphone: a chunk comes when its last sample would be recorded."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import repeat

import anyio

from client.recording import BYTES_PER_SAMPLE

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

CHUNK_MS = 20


def chunk_bytes(sample_rate: int, chunk_ms: int = CHUNK_MS) -> int:
    """Size of a PCM16 chunk of `chunk_ms`."""
    return sample_rate * chunk_ms // 1000 * BYTES_PER_SAMPLE


def split(pcm: bytes, size_bytes: int) -> Iterator[bytes]:
    """Chunks of one size; the last one is filled up with silence, as a microphone goes on."""
    for start in range(0, len(pcm), size_bytes):
        yield pcm[start : start + size_bytes].ljust(size_bytes, b"\0")


def silence(size_bytes: int) -> Iterator[bytes]:
    """Chunks of silence, for ever."""
    return repeat(bytes(size_bytes))


async def in_real_time(
    chunks: Iterable[bytes],
    chunk_ms: int = CHUNK_MS,
    *,
    clock: Clock = time.monotonic,
    sleep: Sleep = anyio.sleep,
) -> AsyncIterator[bytes]:
    """Yield each chunk `chunk_ms` after the one before; one that is late does not delay those that follow."""
    start_s = clock()
    for index, chunk in enumerate(chunks, start=1):
        await sleep(max(0.0, start_s + index * chunk_ms / 1000 - clock()))
        yield chunk
