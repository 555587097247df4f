"""Calls of tools in what a model writes, `<tool_call>{"name": …, "arguments": {…}}</tool_call>` as Qwen3 does. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_CALL = re.compile(f"{_OPEN}(.*?)(?:{_CLOSE}|$)", re.DOTALL)


@dataclass(frozen=True)
class ToolCall:
    """`arguments` is JSON text, as OpenAI's API has it."""

    name: str
    arguments: str


class ToolCallFilter:
    """Takes the calls out of a text that is still being written; they come last, so nothing after one is shown."""

    def __init__(self) -> None:
        self._held = ""
        self._calling = False

    def push(self, delta: str) -> str:
        """Return the text that is certain now."""
        self._held += delta
        if self._calling:
            return ""
        at = self._held.find(_OPEN)
        self._calling = at >= 0
        end = at if self._calling else len(self._held) - self._possible_tag_characters()
        certain, self._held = self._held[:end], self._held[end:]
        return certain

    def flush(self) -> tuple[str, list[ToolCall]]:
        """Return what was held back: text, and the calls. What is no call is text, as the model wrote it."""
        held, self._held, self._calling = self._held, "", False
        calls = [call for found in _CALL.finditer(held) if (call := _parsed(found[1])) is not None]
        return ("", calls) if calls else (held, [])

    def _possible_tag_characters(self) -> int:
        start = self._held.rfind("<")
        tail = self._held[start:] if start >= 0 else ""
        return len(tail) if tail and _OPEN.startswith(tail) else 0


def _parsed(text: str) -> ToolCall | None:
    try:
        call = json.loads(text)
    except ValueError:
        return None
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return None
    return ToolCall(call["name"], json.dumps(call.get("arguments") or {}, ensure_ascii=False))
