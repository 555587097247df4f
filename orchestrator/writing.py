"""One generation on its way to a reader: its tokens become text, thoughts apart, cut where a stop string says so."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal

import anyio
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from orchestrator.errors import first_cause
from orchestrator.inference import Generation, Tokens, Writer
from orchestrator.prompt import Detokenizer
from orchestrator.stop_strings import StopStrings
from orchestrator.thoughts import ThinkFilter

FinishReason = Literal["stop", "length", "tool_calls"]


@dataclass(frozen=True)
class TokenChance:
    """A token, and the natural logarithm of its probability."""

    token: str
    logprob: float


@dataclass(frozen=True)
class ChosenToken(TokenChance):
    """A token of the answer, and the most likely ones at its place."""

    top: tuple[TokenChance, ...] = ()


@dataclass(frozen=True)
class Piece:
    """What has been written since the piece before; `thinking` comes before any `text`."""

    text: str = ""
    thinking: str = ""
    tokens: tuple[ChosenToken, ...] = ()


@dataclass
class Writing:
    """One answer while it is written. `first_token_at` and `ended_at` are in seconds of `clock`."""

    generation: Generation
    tokenizer: Tokenizer
    stop: Sequence[str] = ()
    top_logprobs: int = 0
    max_thinking_tokens: int | None = None
    clock: Callable[[], float] = time.monotonic
    text: str = ""
    thinking: str = ""
    chosen: list[ChosenToken] = field(default_factory=list)
    n_tokens: int = 0
    finish_reason: FinishReason = "stop"
    first_token_at: float | None = None
    ended_at: float | None = None
    _last_id: int = -1
    _n_thinking: int = 0
    _was_long: bool = False

    async def pieces(self, writer: Writer) -> AsyncGenerator[Piece, None]:
        """The answer as it is written; leaving early ends the generation within a token.

        Raises:
            InferenceError: the model failed.
        """
        detokenizer, thoughts, stops = Detokenizer(self.tokenizer), ThinkFilter(), StopStrings(self.stop)
        async with aclosing(writer.write(self.generation)) as stream:
            async for tokens in stream:
                self._count(tokens, thoughts.thinking)
                text = stops.push(thoughts.push(detokenizer.push(tokens.ids)))
                yield self._written(text, thoughts.take_thought(), self._chosen(tokens))
                self._was_long = self._is_long(thoughts.thinking)
                if stops.met is not None or self._was_long:
                    break
        rest = thoughts.push(detokenizer.flush()) + thoughts.flush()
        text = stops.push(rest) + stops.flush()
        self.finish_reason = self._reason(stops.met)
        self.ended_at = self.clock()
        yield self._written(text, thoughts.take_thought(), ())

    def _count(self, tokens: Tokens, thinking: bool) -> None:
        if self.first_token_at is None:
            self.first_token_at = self.clock()
        self.n_tokens += len(tokens.ids)
        self._last_id = tokens.ids[-1]
        self._n_thinking += len(tokens.ids) if thinking else 0

    def _is_long(self, thinking: bool) -> bool:
        """A thought, or the reply after it, has had all of its tokens."""
        if self.max_thinking_tokens is None:
            return False
        if thinking:
            return self._n_thinking >= self.max_thinking_tokens
        reply_limit = self.generation.max_reply_tokens
        return reply_limit is not None and self.n_tokens - self._n_thinking >= reply_limit

    def _reason(self, met: str | None) -> FinishReason:
        if met is not None or not self.n_tokens or self._last_id in self.generation.stop_ids:
            return "stop"
        ended_early = self.n_tokens < self.generation.sampling.max_tokens
        return "stop" if ended_early and not self._was_long else "length"

    def _written(self, text: str, thinking: str, chosen: tuple[ChosenToken, ...]) -> Piece:
        self.text += text
        self.thinking += thinking
        self.chosen += chosen
        return Piece(text, thinking, chosen)

    def _chosen(self, tokens: Tokens) -> tuple[ChosenToken, ...]:
        if not self.generation.log_probs:
            return ()
        return tuple(
            self._chance(tokens, at)
            for at, token_id in enumerate(tokens.ids)
            if token_id not in self.generation.stop_ids
        )

    def _chance(self, tokens: Tokens, at: int) -> ChosenToken:
        token_id = tokens.ids[at]
        if tokens.logits is None:
            log_probs = tokens.log_probs
            return ChosenToken(self._token(token_id), float(log_probs[at]) if log_probs is not None else 0.0)
        every = _log_softmax(tokens.logits[at])
        likely = np.argsort(-every, kind="stable")[: self.top_logprobs]
        top = tuple(TokenChance(self._token(int(one)), float(every[one])) for one in likely)
        return ChosenToken(self._token(token_id), float(every[token_id]), top)

    def _token(self, token_id: int) -> str:
        return str(self.tokenizer.decode([token_id], skip_special_tokens=False))


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - float(logits.max())
    return np.asarray(shifted - np.log(np.exp(shifted).sum()), dtype=np.float64)


Emit = Callable[[int, Piece], Awaitable[None]]


async def nobody(_: int, __: Piece) -> None:
    """An `Emit` for what is read only when it is complete."""


async def write_all(writer: Writer, writings: Sequence[Writing], emit: Emit) -> None:
    """Write all of them at once; `emit` gets each piece and whose it is. A fault or a cancellation ends all.

    Raises:
        InferenceError: the first fault.
    """

    async def write(index: int, writing: Writing) -> None:
        async with aclosing(writing.pieces(writer)) as pieces:
            async for piece in pieces:
                await emit(index, piece)

    try:
        async with anyio.create_task_group() as tasks:
            for index, writing in enumerate(writings):
                tasks.start_soon(write, index, writing)
    except Exception as error:
        raise first_cause(error) from None
