"""One session against the floor, clip by clip in turns, so that what else the machine does falls on both alike."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from benchmarks.clips import Clip
from benchmarks.floor import Floor
from benchmarks.sessions import NOT_PREPARED, Load, ask_all
from client.conversation import SAMPLE_RATE
from client.recording import write_wav

_FLOOR_TIMEOUT_S = 120.0
_MAX_LINE_BYTES = 1 << 16


class FloorError(Exception):
    """The floor could not be measured; its own words are above on standard error."""


class FloorProcess:
    """The floor in a process of its own: what it loads is not the server's, and ends with it."""

    def __init__(self, process: Process, folder: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)
        self._folder = folder

    async def measure(self, clip: Clip) -> Floor:
        """The floor of one clip.

        Raises:
            FloorError: the process ended or took too long.
        """
        path = self._folder / "clip.wav"
        write_wav(path, clip.pcm, SAMPLE_RATE)
        try:
            with anyio.fail_after(_FLOOR_TIMEOUT_S):
                await self._stdin.send(f"{path}\n".encode())
                line = await self._stdout.receive_until(b"\n", _MAX_LINE_BYTES)
        except (TimeoutError, anyio.BrokenResourceError, anyio.IncompleteRead, anyio.EndOfStream) as error:
            raise FloorError(f"the floor of {clip.name} was not measured ({type(error).__name__})") from error
        return Floor(**json.loads(line))


@asynccontextmanager
async def floor_process() -> AsyncIterator[FloorProcess]:
    """Start it; it ends with the block."""
    command = [sys.executable, "-m", "benchmarks.floor"]
    with tempfile.TemporaryDirectory() as folder:
        async with await anyio.open_process(command, stdout=subprocess.PIPE, stderr=None) as process:
            yield FloorProcess(process, Path(folder))
            process.terminate()


async def alone(url: str, clips: Sequence[Clip], floor: FloorProcess) -> tuple[Load, Load, dict[str, Floor]]:
    """Measure the floor of each clip, then ask it with the reply prepared in the pause, and without."""
    floors: dict[str, Floor] = {}
    prepared, not_prepared = Load(1), Load(1, settings=NOT_PREPARED)
    for clip in clips:
        floors[clip.name] = await floor.measure(clip)
        for load in (prepared, not_prepared):
            await ask_all(url, [clip], load)
    return prepared, not_prepared, floors
