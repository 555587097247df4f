"""Text deltas -> pieces that can be spoken, each as soon as nothing that follows can change it.

The first piece may be a clause, so that speaking starts early; the others are whole sentences. The pieces are what the
model wrote, marks and all: the `tts` model turns them into words.
"""

from __future__ import annotations

from orchestrator.cutting import find_cut, is_speakable

MAX_PIECE_CHARACTERS = 200


class Sentences:
    """Cuts a text that is still being written; however it is chunked, the pieces are the same."""

    def __init__(self, max_characters: int = MAX_PIECE_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._text = ""
        self._first = True

    def push(self, delta: str) -> list[str]:
        """Add text; return the pieces that are complete now, stripped of surrounding white space."""
        self._text = (self._text + delta).lstrip()
        return self._cut_all(final=False)

    def flush(self) -> list[str]:
        """Return what is left as pieces, and start anew. What cannot be spoken (a lone mark) is dropped."""
        pieces = self._cut_all(final=True)
        if is_speakable(self._text):
            pieces.append(self._text.strip())
        self._text, self._first = "", True
        return pieces

    def _cut_all(self, *, final: bool) -> list[str]:
        pieces = []
        while cut := find_cut(
            self._text, first=self._first, final=final, max_characters=self._max_characters
        ):
            piece, self._text = self._text[:cut].strip(), self._text[cut:].lstrip()
            if is_speakable(piece):
                pieces.append(piece)
                self._first = False
        return pieces
