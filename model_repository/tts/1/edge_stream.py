"""One utterance's MP3 from the Edge service, with a deadline on every step. Knows nothing of samples.

edge-tts is asynchronous and sets no limit on the time to first audio; here a plain thread drives a private
event loop, so that each wait ends when its deadline does, whatever the server does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import edge_tts
import edge_tts.communicate
from edge_tts.exceptions import EdgeTTSException

CLOSING_S = 0.5

T = TypeVar("T")


class EdgeError(RuntimeError):
    """The service did not do its part: unreachable, refused, silent, late, or broken off."""


@dataclass(frozen=True)
class Deadlines:
    """Longest waits, in seconds.

    `connect_s` holds for TCP with TLS, and again for the opening handshake; `first_audio_s` counts from the
    start; `gap_s` lies between two messages once audio flows.
    """

    connect_s: int = 2
    first_audio_s: float = 3.0
    gap_s: float = 2.0


def use_service_at(url: str) -> None:
    """Send every later request of this process to `url` (ws:// or wss://)."""
    # edge-tts has no setting for the address: it reads this constant and appends `&name=value` to it.
    edge_tts.communicate.WSS_URL = url if "?" in url else f"{url}?"  # type: ignore[attr-defined]


class EdgeStream:
    """Pull with `next` until it returns None, and always `close`."""

    def __init__(self, text: str, voice: str, rate: str, deadlines: Deadlines) -> None:
        """`voice` such as `en-US-AriaNeural`, `rate` such as `+10%`."""
        self._deadlines = deadlines
        self._first_audio_due = time.monotonic() + deadlines.first_audio_s
        self._received_bytes = 0
        self._loop = asyncio.new_event_loop()
        self._connector = self._loop.run_until_complete(_connector())
        self._speech = edge_tts.Communicate(
            text,
            voice,
            rate=rate,
            connector=self._connector,
            connect_timeout=deadlines.connect_s,
            # Holds for the handshake only: aiohttp lifts it once the WebSocket is open.
            receive_timeout=deadlines.connect_s,
        )
        self._messages = self._speech.stream()

    def next(self) -> bytes | None:
        """The next MP3 bytes; None when the service has said that this was all. Raises EdgeError."""
        while (message := self._within(self._wait_s(), self._next_message())) is not None:
            if message["type"] == "audio":
                mp3: bytes = message["data"]
                self._received_bytes += len(mp3)
                return mp3
        # A connection that is cut looks like an end to edge-tts; only at `turn.end` does it book the bytes.
        if self._speech.state["cumulative_audio_bytes"] != self._received_bytes:
            raise EdgeError("the service closed the connection in the middle")
        return None

    def close(self) -> None:
        """Drop the connection at once, also when the server does not answer."""
        self._loop.run_until_complete(self._end())
        self._loop.close()

    def _wait_s(self) -> float:
        return self._deadlines.gap_s if self._received_bytes else self._first_audio_due - time.monotonic()

    async def _end(self) -> None:
        steps = asyncio.all_tasks() - {asyncio.current_task()}
        await self._connector.drop()
        for step in steps:
            step.cancel()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*steps, return_exceptions=True), CLOSING_S)
        await self._messages.aclose()
        await self._loop.shutdown_asyncgens()

    async def _next_message(self) -> Any:
        try:
            return await self._messages.__anext__()
        except StopAsyncIteration:
            return None

    def _within(self, timeout_s: float, step: Coroutine[Any, Any, T]) -> T:
        """Unlike `asyncio.wait_for` this does not wait for the step to clean up after itself."""
        task = self._loop.create_task(step)
        done, _ = self._loop.run_until_complete(asyncio.wait({task}, timeout=max(timeout_s, 0)))
        if not done:
            raise EdgeError(f"no {'further' if self._received_bytes else 'first'} audio in time")
        try:
            return task.result()
        except (EdgeTTSException, aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise EdgeError(f"{type(error).__name__}: {error}") from error


class _Connector(aiohttp.TCPConnector):
    """Outlives the HTTP sessions: edge-tts opens one per part of a text, and each closes its connector."""

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Left to `drop`."""

    async def drop(self) -> None:
        """Close every connection at once."""
        await super().close(abort_ssl=True)


async def _connector() -> _Connector:
    return _Connector()
