"""The server-sent events of a streamed transcription, as OpenAI's clients read them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class TextDelta(BaseModel):
    """What was understood since the last event."""

    type: Literal["transcript.text.delta"] = "transcript.text.delta"
    delta: str


class TextDone(BaseModel):
    """The whole text; the last event."""

    type: Literal["transcript.text.done"] = "transcript.text.done"
    text: str


def event(content: BaseModel) -> str:
    """One event on the wire."""
    return f"data: {content.model_dump_json(exclude_none=True)}\n\n"
