"""Generations at the same time, straight at the language model: time to the first token, and between the others."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import anyio

from orchestrator.errors import VoiceError
from orchestrator.history import Message
from orchestrator.inference import Generation, Generator, Sampling
from orchestrator.prompt import ChatTemplate

SYSTEM_PROMPT = "You are a helpful voice assistant. Answer in short spoken sentences."
_FILLER = "Tell me more about the weather, the sea, the mountains and the people who live there. "


@dataclass(frozen=True)
class Written:
    """One generation: seconds to its first tokens, and for each later token the seconds since the one before."""

    first_seconds: float
    gap_seconds: tuple[float, ...]
    tokens: int


@dataclass
class TokenLoad:
    """What `concurrency` generations at once did within `seconds`."""

    concurrency: int
    seconds: float = 0.0
    written: list[Written] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def tokens_per_second(self) -> float:
        return sum(one.tokens for one in self.written) / self.seconds if self.seconds else 0.0


def requests(template: ChatTemplate, prompt_tokens: int, output_tokens: int, count: int) -> list[Generation]:
    """`count` requests of exactly `output_tokens`; they share the system prompt and nothing else.

    What one has put into the engine's KV cache is of no use to another, beyond what a session has, too. No stop words:
    only the end token can be held back until the last token.
    """
    sampling = Sampling(
        max_tokens=output_tokens, min_tokens=output_tokens, temperature=0.7, top_p=0.8, top_k=20
    )
    asked = []
    for _ in range(count):
        prompt = _prompt(template, prompt_tokens)
        asked.append(
            Generation(uuid.uuid4().hex, prompt, template.end_id, template.pad_id, sampling=sampling)
        )
    return asked


def _prompt(template: ChatTemplate, tokens: int) -> list[int]:
    """A prompt of about `tokens`, never fewer than its frame needs."""
    system, salt = Message(role="system", content=SYSTEM_PROMPT), uuid.uuid4().hex

    def rendered(fillers: int) -> list[int]:
        user = Message(role="user", content=f"My number is {salt}. {_FILLER * fillers}")
        return template.render([system, user])

    frame, filler = len(rendered(0)), len(rendered(2)) - len(rendered(1))
    return rendered(max(0, round((tokens - frame) / filler)))


async def generate(
    models: Generator,
    asked: Sequence[Generation],
    concurrency: int,
    clock: Callable[[], float] = time.monotonic,
) -> TokenLoad:
    """Write every request of `asked`, `concurrency` at a time."""
    load, waiting, began = TokenLoad(concurrency), iter(asked), clock()

    async def worker() -> None:
        for one in waiting:
            try:
                load.written.append(await _written(models, one, clock))
            except VoiceError as error:
                load.failures.append(str(error))

    async with anyio.create_task_group() as workers:
        for _ in range(concurrency):
            workers.start_soon(worker)
    load.seconds = clock() - began
    return load


async def _written(models: Generator, asked: Generation, clock: Callable[[], float]) -> Written:
    sent = last = clock()
    first_seconds, gaps, tokens = 0.0, [], 0
    async with aclosing(models.generate(asked)) as stream:
        async for ids in stream:
            now = clock()
            if tokens:
                gaps += [(now - last) / len(ids)] * len(ids)
            else:
                first_seconds = now - sent
            tokens, last = tokens + len(ids), now
    return Written(first_seconds, tuple(gaps), tokens)
