"""A person at the other end of the wire: speaks real audio in real time and collects what the server says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import anyio

from client.conversation import Conversation, Opening
from client.events import Event, ResponseDone, SpeechStarted, VoiceResponse
from client.question import DEFAULT_RECORDING
from client.recording import read_audio, resample
from orchestrator.triton import TritonInference

RATE = 16_000
CHUNK_MS = 32
CHUNK_BYTES = RATE * CHUNK_MS // 1000 * 2
Kind = TypeVar("Kind", bound=Event)


def recorded_question() -> bytes:
    """`DEFAULT_QUESTION` as the demo asks it: PCM16 at 16 kHz."""
    return read_audio(DEFAULT_RECORDING, RATE)


async def spoken(grpc_url: str, text: str) -> bytes:
    """`text` in the server's own voice: PCM16 at 16 kHz."""
    async with TritonInference(grpc_url) as models:
        chunks = [chunk async for chunk in models.synthesize(text)]
    return resample(b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate, RATE)


class Talker:
    """One conversation. A microphone never stops: between utterances it sends silence."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        self.heard: list[Event] = []
        self._queue: list[bytes] = []

    async def microphone(self) -> None:
        while True:
            chunk = self._queue.pop(0) if self._queue else bytes(CHUNK_BYTES)
            with suppress(Exception):
                await self.conversation.send_audio(chunk)
            await anyio.sleep(CHUNK_MS / 1000)

    async def listen(self) -> None:
        async for event in self.conversation:
            self.heard.append(event)

    def say(self, pcm: bytes) -> None:
        """Speak in real time, without waiting for it."""
        self._queue += [pcm[start : start + CHUNK_BYTES] for start in range(0, len(pcm), CHUNK_BYTES)]

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.heard if isinstance(event, kind)]

    async def until(self, kind: type[Kind], count: int = 1, *, seconds: float = 30) -> Kind:
        """The `count`-th event of that kind."""
        with anyio.fail_after(seconds):
            while len(self.all(kind)) < count:
                await anyio.sleep(0.01)
        return self.all(kind)[count - 1]

    async def until_answered(self, spoken_seconds: float) -> None:
        """Everything was said, and every turn that it made is over."""
        await anyio.sleep(spoken_seconds)
        with anyio.fail_after(30):
            while self._queue or len(self.all(ResponseDone)) < max(1, len(self.all(SpeechStarted))):
                await anyio.sleep(0.05)

    def reply_audio(self, turn: int) -> tuple[bytes, int]:
        """The PCM16 of a turn's reply and its sample rate."""
        chunks = [chunk for chunk in self.all(VoiceResponse) if chunk.turn == turn]
        return b"".join(chunk.pcm for chunk in chunks), chunks[0].sample_rate


@asynccontextmanager
async def talking(
    url: str, session_id: str = "", generation: dict[str, float] | None = None
) -> AsyncIterator[Talker]:
    """A greedy conversation, so that a reply is the same every time."""
    async with Conversation(url, Opening(session_id=session_id)) as conversation:
        await conversation.configure(
            {"generation": {"temperature": 0, "max_tokens": 60, **(generation or {})}}
        )
        async with anyio.create_task_group() as tasks:
            talker = Talker(conversation)
            tasks.start_soon(talker.listen)
            tasks.start_soon(talker.microphone)
            yield talker
            tasks.cancel_scope.cancel()


async def eventually(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until it holds; TimeoutError where it does not within `seconds`."""
    with anyio.fail_after(seconds):
        while not condition():
            await anyio.sleep(0.05)
