"""Where a text that is still being written meets a stop string. Pure."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Cuts a text before the first of some strings; what may become one of them is held back.

    `met` is the string that ended it, None until then.
    """

    def __init__(self, strings: Sequence[str]) -> None:
        self._strings = [string for string in strings if string]
        self._held = ""
        self.met: str | None = None

    def push(self, delta: str) -> str:
        """Return the text that is certain now; nothing after a stop string."""
        if self.met is not None:
            return ""
        self._held += delta
        found = [(at, string) for string in self._strings if (at := self._held.find(string)) >= 0]
        if found:
            at, self.met = min(found)
            certain, self._held = self._held[:at], ""
            return certain
        kept = max((_overlap(self._held, string) for string in self._strings), default=0)
        certain, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return certain

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        rest, self._held = self._held, ""
        return rest


def _overlap(text: str, string: str) -> int:
    """How many characters at the end of `text` begin `string`."""
    longest = min(len(text), len(string) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(string[:size])), 0)
