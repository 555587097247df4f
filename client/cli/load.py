"""Requests made many at a time, and what each of them took: chats over HTTP, turns by voice."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import httpx2

from client.cli.http import client_options, event_content, problem_of, transport_faults
from client.cli.spoken import spoken_turn
from client.errors import ClientError, ConnectionLost


@dataclass(frozen=True)
class Took:
    """One request's figures; None is what it does not have. `tokens_per_second` counts from the first token on."""

    first_token_ms: float | None = None
    tokens: int = 0
    tokens_per_second: float | None = None
    voice_to_voice_ms: float | None = None


@dataclass
class Load:
    """What came of all requests; `errors` are those that failed."""

    concurrency: int
    took: list[Took] = field(default_factory=list)
    errors: list[ClientError] = field(default_factory=list)
    wall_s: float = 0.0


Request = Callable[[], Awaitable[Took]]


async def all_at(concurrency: int, count: int, request: Request, advance: Callable[[], None]) -> Load:
    """Make `count` requests, `concurrency` at a time; the next begins when one ends."""
    load = Load(concurrency)
    numbers = iter(range(count))

    async def work() -> None:
        for _ in numbers:
            try:
                load.took.append(await request())
            except ClientError as error:
                load.errors.append(error)
            advance()

    started_s = time.monotonic()
    async with anyio.create_task_group() as tasks:
        for _ in range(min(concurrency, count)):
            tasks.start_soon(work)
    load.wall_s = time.monotonic() - started_s
    return load


async def chat_took(client: httpx2.AsyncClient, url: str, prompt: str, max_new_tokens: int) -> Took:
    """Stream one answer.

    Raises:
        ClientError: as in `Server`.
    """
    asked = {"message": prompt, "max_new_tokens": max_new_tokens, "stream": True}
    started_s, first_s = time.monotonic(), None
    with transport_faults(url):
        async with client.stream("POST", "/inference/chat", json=asked) as response:
            if response.status_code >= 400:
                await response.aread()
                raise problem_of(response)
            async for event in httpx2.EventSource(response):
                content = event_content(response, event)
                first_s = first_s or time.monotonic()
                if event.event == "done":
                    return _took(started_s, first_s, int(content["usage"]["completion_tokens"]))
    raise ConnectionLost(1006, "(the answer ended without `done`)")


async def turn_took(url: str, key: str, max_tokens: int) -> Took:
    """Speak one question; the figures are the server's own of that turn.

    Raises:
        ClientError: as in `ask`.
    """
    answer = await spoken_turn(url, key, max_tokens)
    legs = answer.legs
    return Took(legs.get("first_token_ms"), voice_to_voice_ms=legs.get("voice_to_voice_ms"))


def chat_client(url: str, key: str, concurrency: int) -> httpx2.AsyncClient:
    """A client that never waits for a connection of its own."""
    return httpx2.AsyncClient(**client_options(url, key), limits=httpx2.Limits(max_connections=concurrency))


def _took(started_s: float, first_s: float, tokens: int) -> Took:
    after_first_s = time.monotonic() - first_s
    rate = (tokens - 1) / after_first_s if tokens > 1 and after_first_s > 0 else None
    return Took((first_s - started_s) * 1000, tokens, rate)
