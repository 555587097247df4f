"""Thoughts that a model writes before its reply: whether it is asked for them, and how nobody hears them.

Qwen3 thinks between `<think>` and `</think>`. Its template's `enable_thinking` is the hard switch; `/think` and
`/no_think` in a user's or the system's message are soft switches, valid while the hard one is on, and the latest one
counts (Qwen3's model card, "Switching Between Thinking and Non-Thinking Modes via User Input"). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.history import Message

_CLOSE = "</think>"
_SWITCH = re.compile(r"(?<![A-Za-z0-9/])/(no_)?think(?![A-Za-z0-9_/])")
# As Whisper writes it where somebody says it, and as people mistype it.
_SAID_SWITCH = re.compile(
    r"(?<![A-Za-z0-9/])(?:slash,?[\s-]+|/)(no[\s_-]*)?think(?![A-Za-z0-9_/])", re.IGNORECASE
)


def asked_to_think(messages: Sequence[Message]) -> bool:
    """What the latest soft switch in a user's or the system's message says; thinking, where there is none."""
    switches = [
        switch
        for message in messages
        if message["role"] in ("user", "system")
        for switch in _SWITCH.finditer(message["content"])
    ]
    return not switches or not switches[-1][1]


def with_soft_switches(messages: Sequence[Message]) -> list[Message]:
    """The messages with a switch that the user said ("slash no think") written as the model knows it."""
    return [
        {**message, "content": _SAID_SWITCH.sub(_written, message["content"])}
        if message["role"] == "user"
        else message
        for message in messages
    ]


def _written(said: re.Match[str]) -> str:
    return "/no_think" if said[1] else "/think"


def without_thoughts(content: str) -> str:
    """A reply of the past without what was thought before it."""
    _, closed, said = content.rpartition(_CLOSE)
    return said.lstrip("\n") if closed else content


class ThinkFilter:
    """Removes `<think>…</think>` and the white space after it from a text that is still being written."""

    _OPEN = "<think>"
    _TAGS = re.compile(r"<think>|</think>")

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        self._after_thought = False
        self._thought = ""

    @property
    def thinking(self) -> bool:
        """A thought has begun and not ended."""
        return self._thinking

    def push(self, delta: str) -> str:
        """Return the visible text that is certain now."""
        self._held += delta
        visible = ""
        while tag := self._TAGS.search(self._held):
            visible += self._shown(self._held[: tag.start()])
            self._held = self._held[tag.end() :]
            self._thinking = tag[0] == self._OPEN
            self._after_thought = True
        kept = self._possible_tag_characters()
        certain, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return visible + self._shown(certain)

    def flush(self) -> str:
        """Return what was held back, and start anew; a thought that never ended is dropped."""
        rest = self._shown(self._held)
        self._held, self._thinking, self._after_thought = "", False, False
        return rest

    def take_thought(self) -> str:
        """Return what was thought since the last call."""
        thought, self._thought = self._thought, ""
        return thought

    def _shown(self, text: str) -> str:
        if self._thinking:
            self._thought += text
            return ""
        if self._after_thought:
            text = text.lstrip()
            self._after_thought = not text
        return text

    def _possible_tag_characters(self) -> int:
        """How many characters at the end may become a tag."""
        start = self._held.rfind("<")
        tail = self._held[start:] if start >= 0 else ""
        return len(tail) if tail and (self._OPEN.startswith(tail) or _CLOSE.startswith(tail)) else 0
