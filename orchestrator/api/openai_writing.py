"""An answer in OpenAI's form: ids, usage, log probabilities, and the chunks of a stream."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.api.chat_schema import finite
from orchestrator.api.event_stream import Emit
from orchestrator.api.openai_problems import openai_problem
from orchestrator.api.openai_schema import ChoiceLogprobs, CompletionUsage, ContentLogprob, TopLogprob
from orchestrator.errors import VoiceError
from orchestrator.texts import Asked
from orchestrator.writing import ChosenToken


@dataclass(frozen=True)
class Envelope:
    """What every chunk and every answer of one request says of it."""

    model: str
    prefix: str
    created: int = field(default_factory=lambda: int(time.time()))
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def id(self) -> str:
        return f"{self.prefix}-{self.key}"

    def head(self) -> dict[str, Any]:
        return {"id": self.id, "created": self.created, "model": self.model}

    async def emit(
        self,
        emit: Emit,
        kind: str,
        choices: Sequence[dict[str, Any]],
        usage: CompletionUsage | None = None,
    ) -> None:
        """Send one chunk."""
        chunk: dict[str, Any] = {**self.head(), "object": kind, "choices": choices}
        if usage is not None:
            chunk["usage"] = usage.model_dump()
        await emit(json.dumps(chunk, ensure_ascii=False), None)


def usage_of(asked: Sequence[Asked]) -> CompletionUsage:
    """The tokens of all prompts and all answers."""
    prompt = sum(one.prompt_tokens for one in asked)
    written = sum(writing.n_tokens for one in asked for writing in one.writings)
    return CompletionUsage(prompt_tokens=prompt, completion_tokens=written, total_tokens=prompt + written)


def choice_logprobs(chosen: Sequence[ChosenToken]) -> ChoiceLogprobs:
    return ChoiceLogprobs(
        content=[
            ContentLogprob(**finite(one), top_logprobs=[TopLogprob(**finite(top)) for top in one.top])
            for one in chosen
        ]
    )


def as_last_chunk(error: VoiceError) -> tuple[str, str | None]:
    """A fault in the middle of a stream, as OpenAI's client libraries find it."""
    told = openai_problem(error.status, str(error), code=error.code, param=error.field)
    return told.model_dump_json(), None
