"""An answer in OpenAI's form: ids, usage, log probabilities, and the chunks of a stream."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.api.chat_schema import Usage, finite
from orchestrator.api.event_stream import Emit
from orchestrator.api.openai_problems import openai_problem
from orchestrator.api.openai_schema import ChoiceLogprobs, ContentLogprob, TopLogprob
from orchestrator.errors import VoiceError
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
        usage: Usage | None = None,
    ) -> None:
        """Send one chunk."""
        chunk: dict[str, Any] = {**self.head(), "object": kind, "choices": choices}
        if usage is not None:
            chunk["usage"] = usage.model_dump()
        await emit(json.dumps(chunk, ensure_ascii=False), None)


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
