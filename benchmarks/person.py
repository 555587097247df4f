"""A person at the other end of the wire: a microphone that never stops, and a loudspeaker that reports its position."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import anyio

from client.ask import REPORT_INTERVAL_S
from client.conversation import SAMPLE_RATE, Conversation
from client.errors import ConnectionLost
from client.events import Event, ResponseDone, SpeechStarted, VoiceResponse
from client.pacing import CHUNK_MS, chunk_bytes, in_real_time, split
from client.player import Player

Kind = TypeVar("Kind", bound=Event)

_CHUNK_BYTES = chunk_bytes(SAMPLE_RATE)
_LOOK_INTERVAL_S = 0.01


class Person:
    """One conversation; `heard` has every event, oldest first.

    room: what the microphone picks up while nobody speaks, PCM16 at 16 kHz, repeated; silence where it is empty.
    """

    def __init__(self, conversation: Conversation, room: bytes = b"") -> None:
        self.conversation = conversation
        self.heard: list[Event] = []
        self.player = Player()
        self._saying: deque[bytes] = deque()
        self._room = list(split(room, _CHUNK_BYTES)) or [bytes(_CHUNK_BYTES)]

    def say(self, pcm: bytes) -> None:
        """Speak from now on, in real time, without waiting for it."""
        self._saying.extend(split(pcm, _CHUNK_BYTES))

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Raises TimeoutError where it does not become true."""
        with anyio.fail_after(seconds):
            while not condition():
                await anyio.sleep(_LOOK_INTERVAL_S)

    async def until_answered(self, seconds: float = 60.0) -> None:
        """Everything is said, and every turn that was begun is over."""
        await self.until(lambda: not self._saying, seconds)
        await self.until(self.is_answered, seconds)

    def is_answered(self) -> bool:
        """Every turn that was begun is over, and there was one."""
        return len(self.all(ResponseDone)) >= max(1, len(self.all(SpeechStarted)))

    async def speak(self) -> None:
        """Send what the microphone picks up until the connection ends."""
        with suppress(ConnectionLost):
            async for chunk in in_real_time(self._chunks(), CHUNK_MS):
                await self.conversation.send_audio(chunk)

    async def listen(self) -> None:
        """Play what comes and keep every event."""
        with suppress(ConnectionLost):
            async for event in self.conversation:
                self.heard.append(event)
                if isinstance(event, VoiceResponse):
                    self.player.add(event)
                elif isinstance(event, ResponseDone):
                    self.player.finish(event)

    async def report(self) -> None:
        """Say how far the reply has been played, as a client does."""
        with suppress(ConnectionLost):
            while True:
                await anyio.sleep(REPORT_INTERVAL_S)
                if self.player.turn is not None and self.player.remaining_ms > 0:
                    await self.conversation.report_playback(self.player.turn, self.player.played_ms)

    def _chunks(self) -> Iterator[bytes]:
        while True:
            for chunk in self._room:
                yield self._saying.popleft() if self._saying else chunk


@asynccontextmanager
async def person(conversation: Conversation, room: bytes = b"") -> AsyncIterator[Person]:
    """Microphone, ears and loudspeaker of an open conversation, for as long as the block runs."""
    one = Person(conversation, room)
    fault: Exception | None = None
    async with anyio.create_task_group() as tasks:
        for part in (one.speak, one.listen, one.report):
            tasks.start_soon(part)
        try:
            yield one
        except Exception as error:  # as it is, not in the group that a task group would make of it
            fault = error
        tasks.cancel_scope.cancel()
    if fault is not None:
        raise fault
