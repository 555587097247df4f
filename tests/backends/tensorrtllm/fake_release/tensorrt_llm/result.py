"""`RequestOutput` and what it holds: filled from the engine's thread, read in the event loop that asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Logprob:
    """tensorrt_llm/executor/result.py."""

    logprob: float
    rank: int | None = None


@dataclass
class CompletionOutput:
    """tensorrt_llm/executor/result.py: `token_ids` and `logprobs` are cumulative."""

    index: int
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[dict[int, Logprob]] = field(default_factory=list)
    finish_reason: str | None = None


class RequestOutput:
    """tensorrt_llm/llmapi/llm.py: an asynchronous iterator over itself, one step for each response of the engine."""

    def __init__(self, cached_tokens: int, abort: Callable[[], None]) -> None:
        self.outputs = [CompletionOutput(0)]
        self.cached_tokens = cached_tokens
        self.finished = False
        self._abort = abort
        self._loop = asyncio.get_running_loop()
        self._responses: asyncio.Queue[Any] = asyncio.Queue()

    def abort(self) -> None:
        """Asynchronous: the engine answers with a last response, `finish_reason` cancelled."""
        self._abort()

    def put(self, token: int | None, logprob: float, finish_reason: str | None) -> None:
        """Called from the engine's thread."""
        self._loop.call_soon_threadsafe(self._responses.put_nowait, (token, logprob, finish_reason))

    def __aiter__(self) -> RequestOutput:
        return self

    async def __anext__(self) -> RequestOutput:
        if self.finished:
            raise StopAsyncIteration
        response = await self._responses.get()
        if isinstance(response, Exception):
            raise response
        token, logprob, reason = response
        output = self.outputs[0]
        if token is not None:
            output.token_ids.append(token)
            output.logprobs.append({token: Logprob(logprob, 1)})
        output.finish_reason = reason
        self.finished = reason is not None
        return self
