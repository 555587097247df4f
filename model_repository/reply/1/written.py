"""From token ids to the text that may be spoken: whole characters only, and no thoughts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

_BROKEN = "\ufffd"
# A character has at most four bytes, so at most four tokens; after more the bytes are simply invalid.
_MAX_HELD_IDS = 8
_OPEN, _CLOSE = "<think>", "</think>"


class Detokenizer:
    """Ids to text as they arrive. `decode` turns a whole list of ids into text."""

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._context: list[int] = []
        self._held: list[int] = []

    def push(self, ids: Sequence[int]) -> str:
        """The text that `ids` complete; empty while a character lacks bytes."""
        return "".join(map(self._push_one, ids))

    def _push_one(self, token_id: int) -> str:
        self._held.append(token_id)
        # Alone, ids may decode differently (a leading space is lost), so the ids before them come along.
        before = self._decode(self._context)
        text = self._decode(self._context + self._held)
        if text.endswith(_BROKEN) and len(self._held) < _MAX_HELD_IDS:
            return ""
        self._context, self._held = self._held, []
        return text[len(before) :]

    def flush(self) -> str:
        """The text of the whole characters that are still held."""
        before = self._decode(self._context)
        text = self._decode(self._context + self._held)
        self._context, self._held = [], []
        return text[len(before) :].rstrip(_BROKEN)


class ThoughtFilter:
    """Takes out `<think>…</think>`, however the tags are cut. A thought that never ends is left out to the end."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking = False
        # The blank lines after a thought belong to it.
        self._after_thought = False

    def push(self, delta: str) -> str:
        """The part of the text so far that is certainly no thought."""
        self._held += delta
        spoken = ""
        while True:
            tag = _CLOSE if self._thinking else _OPEN
            before, found, after = self._held.partition(tag)
            if not found:
                break
            spoken += self._said(before)
            self._held, self._after_thought = after, self._thinking
            self._thinking = not self._thinking
        kept = _length_of_begun(tag, self._held)
        certain, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return spoken + self._said(certain)

    def flush(self) -> str:
        """What was held because it could have become a tag."""
        held, self._held = self._held, ""
        return self._said(held)

    def _said(self, text: str) -> str:
        if self._thinking:
            return ""
        if self._after_thought:
            text = text.lstrip()
            self._after_thought = not text
        return text


def spoken_text(ids: Iterable[Sequence[int]], decode: Callable[[Sequence[int]], str]) -> Iterator[str]:
    """Deltas of the text without thoughts, from deltas of ids. Empty deltas are left out."""
    detokenizer, thoughts = Detokenizer(decode), ThoughtFilter()
    for delta in ids:
        if text := thoughts.push(detokenizer.push(delta)):
            yield text
    if text := thoughts.push(detokenizer.flush()) + thoughts.flush():
        yield text


def _length_of_begun(tag: str, text: str) -> int:
    """How many characters at the end of `text` could be the beginning of `tag`."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-n:])), 0)
