"""Partial transcripts that do not take words back (LocalAgreement: Liu, Spanakis and Niehues 2020).

A word is stable once two successive decodes agree on it; what was shown as stable is never changed, whatever a
later decode says. The rest of the text is the latest decode's own.
"""

from __future__ import annotations

from collections.abc import Sequence


class Agreement:
    """Successive transcripts of one growing utterance, as text of which a leading part is stable."""

    def __init__(self) -> None:
        self._stable: list[str] = []
        self._previous: list[str] = []

    def update(self, transcript: str) -> tuple[str, int]:
        """The text to show, and how many of its leading characters are stable."""
        words = transcript.split()
        agreed = _agreement(self._previous, words)
        if agreed > len(self._stable):
            self._stable += words[len(self._stable) : agreed]
        self._previous = words
        shown = self._stable + words[len(self._stable) :]
        return " ".join(shown), len(" ".join(self._stable))


def _agreement(before: Sequence[str], now: Sequence[str]) -> int:
    pairs = zip(before, now, strict=False)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(before), len(now)))
