"""From a prompt to speech as a pipeline: the voice speaks a sentence while the model writes the next one.

Three stages joined by bounded queues: write (model → text → speakable pieces), synthesise (pieces → audio), deliver
(audio → the listener, who paces it). A full queue makes the stage before it wait, down to the engine's own stream.
Cancelling it, or a fault in any stage, closes the engine's and the voice's streams at once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from orchestrator.errors import InferenceError, first_cause
from orchestrator.inference import Generation, Generator, SpeechChunk, Synthesizer
from orchestrator.prompt import Detokenizer
from orchestrator.sentences import Sentences
from orchestrator.thoughts import ThinkFilter

QUEUED_PIECES = 4
QUEUED_CHUNKS = 32


class Listener(Protocol):
    """Where a reply goes."""

    def wrote(self, delta: str, tokens: int) -> None:
        """The model wrote `tokens` more tokens, which made `delta` visible (empty inside a character or thought)."""
        ...

    async def spoke(self, text: str, chunk: SpeechChunk) -> None:
        """The next audio; `text` is the piece's on its first chunk, empty on the following. Returning late paces it."""
        ...

    def made(self, text: str, chunk: SpeechChunk) -> None:
        """The voice has made the next audio; it is delivered to `spoke` later."""
        ...

    def made_piece(self) -> None:
        """The piece whose audio was made last has no more."""
        ...

    def ahead_seconds(self) -> float:
        """How much of the audio made is still to be heard."""
        ...


@dataclass(frozen=True)
class Speech:
    """How a reply is to sound."""

    voice: str | None
    language: str | None
    speed: float


class Engine(Generator, Synthesizer, Protocol):
    """The two models a reply needs."""


async def reply(
    engine: Engine, generation: Generation, detokenizer: Detokenizer, speech: Speech, listener: Listener
) -> None:
    """Write and speak one reply to `listener`. Raises the first stage's InferenceError."""
    pieces_in, pieces = anyio.create_memory_object_stream[str](QUEUED_PIECES)
    chunks_in, chunks = anyio.create_memory_object_stream[tuple[str, SpeechChunk]](QUEUED_CHUNKS)
    try:
        async with anyio.create_task_group() as stages:
            stages.start_soon(_write, engine, generation, detokenizer, listener, pieces_in)
            stages.start_soon(_synthesize, engine, speech, listener, pieces, chunks_in)
            stages.start_soon(_deliver, chunks, listener)
    except Exception as error:
        raise first_cause(error) from None


async def _write(
    engine: Engine,
    generation: Generation,
    detokenizer: Detokenizer,
    listener: Listener,
    pieces: ObjectSendStream[str],
) -> None:
    sentences = Sentences()
    async with pieces, aclosing(_visible(engine, generation, detokenizer)) as deltas:
        async for delta, tokens in deltas:
            listener.wrote(delta, tokens)
            for piece in sentences.push(delta):
                await pieces.send(piece)
        for piece in sentences.flush():
            await pieces.send(piece)


async def _visible(
    engine: Generator, generation: Generation, detokenizer: Detokenizer
) -> AsyncGenerator[tuple[str, int], None]:
    """The text without thoughts as it becomes certain, and how many tokens it took; ends at `max_reply_tokens`.

    Raises:
        InferenceError: the model thought to the end and said nothing.
    """
    thoughts, reply_tokens, is_silent = ThinkFilter(), 0, True
    async with aclosing(engine.generate(generation)) as stream:
        async for ids in stream:
            delta = thoughts.push(detokenizer.push(ids))
            is_silent &= not delta.strip()
            yield delta, len(ids)
            reply_tokens += 0 if thoughts.thinking else len(ids)
            if generation.max_reply_tokens is not None and reply_tokens >= generation.max_reply_tokens:
                break
    if thoughts.thinking and is_silent:
        raise InferenceError(
            "the model thought until it had no tokens left and said nothing; raise generation.max_thinking_tokens "
            "or set generation.enable_thinking to false"
        )
    yield thoughts.push(detokenizer.flush()) + thoughts.flush(), 0


async def _synthesize(
    engine: Engine,
    speech: Speech,
    listener: Listener,
    pieces: ObjectReceiveStream[str],
    chunks: ObjectSendStream[tuple[str, SpeechChunk]],
) -> None:
    async with pieces, chunks:
        async for piece in pieces:
            text = piece
            spoken = engine.synthesize(
                piece,
                voice=speech.voice,
                language=speech.language,
                speed=speech.speed,
                ahead_seconds=listener.ahead_seconds(),
            )
            async with aclosing(spoken) as stream:
                async for chunk in stream:
                    listener.made(text, chunk)
                    await chunks.send((text, chunk))
                    text = ""
            listener.made_piece()


async def _deliver(chunks: ObjectReceiveStream[tuple[str, SpeechChunk]], listener: Listener) -> None:
    async with chunks:
        async for text, chunk in chunks:
            await listener.spoke(text, chunk)
