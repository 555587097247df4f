"""How far the client has played a reply, and how much may be sent ahead of it. Pure; `now` is in seconds.

The position comes from the client's reports, and from the clock where it sends none. The words heard are counted in
proportion to the played part of the piece that is being spoken: good to a word or two, since a voice keeps its pace.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Piece:
    """A spoken piece of the reply: its text, and how much of its audio was sent."""

    text: str
    sent_ms: float = 0.0


@dataclass
class Playback:
    """One reply's audio on its way to a listener; `lead_ms` may be sent before it is played."""

    lead_ms: float = 300.0
    pieces: list[Piece] = field(default_factory=list)
    _sent_ms: float = 0.0
    _played_ms: float = 0.0
    _played_at: float | None = None

    def wait_ms(self, now: float) -> float:
        """How long to hold the next chunk back."""
        return max(0.0, self._sent_ms - self.played_ms(now) - self.lead_ms)

    def remaining_ms(self, now: float) -> float:
        """How long what was sent will go on playing."""
        return self._sent_ms - self.played_ms(now)

    def sent(self, now: float, text: str, duration_ms: float) -> None:
        """A chunk left; `text` begins a new piece, an empty text continues the last one."""
        self._move(now)
        if text or not self.pieces:
            self.pieces.append(Piece(text))
        self.pieces[-1].sent_ms += duration_ms
        self._sent_ms += duration_ms

    def report(self, now: float, played_ms: float) -> None:
        """The client says how much it has played."""
        self._played_ms = min(played_ms, self._sent_ms)
        self._played_at = now

    def played_ms(self, now: float) -> float:
        since = 0.0 if self._played_at is None else 1000 * (now - self._played_at)
        return min(self._sent_ms, self._played_ms + since)

    def heard(self, now: float) -> str:
        """The words played so far."""
        left = self.played_ms(now)
        words: list[str] = []
        for piece in self.pieces:
            part = piece.text.split()
            share = 1.0 if left >= piece.sent_ms else left / piece.sent_ms
            words += part[: round(share * len(part))]
            left -= piece.sent_ms
            if left <= 0:
                break
        return " ".join(words)

    def _move(self, now: float) -> None:
        """Playing stops where nothing is left to play, so the clock must not run on over a gap."""
        self._played_ms = self.played_ms(now)
        self._played_at = now
