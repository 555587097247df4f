"""How far the client has played a reply, and how much may be sent ahead of it. Pure; `now` is in seconds.

The position comes from the client's reports, and from the clock where it sends none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.spoken_words import SpokenWords

_SAME_MS = 1.0


@dataclass
class Playback:
    """One reply's audio on its way to a listener; `lead_ms` may be sent before it is played.

    `words` is told of audio as soon as the voice has made it (`words.add`, `words.end_piece`), which may be long
    before it is sent; audio that it was not told of counts from when it is sent, and its piece's length is a guess.
    """

    lead_ms: float = 300.0
    words: SpokenWords = field(default_factory=SpokenWords)
    _sent_ms: float = 0.0
    _played_ms: float = 0.0
    _played_at: float | None = None

    def wait_ms(self, now: float) -> float:
        """How long to hold the next chunk back."""
        return max(0.0, self._sent_ms - self.played_ms(now) - self.lead_ms)

    def remaining_ms(self, now: float) -> float:
        """How long what was sent will go on playing."""
        return self._sent_ms - self.played_ms(now)

    def sent(self, now: float, text: str, duration_ms: float, pcm: bytes = b"") -> None:
        """A chunk left; `text` begins a new piece, an empty text continues the last one."""
        self._move(now)
        self._sent_ms += duration_ms
        if self._sent_ms > self.words.duration_ms + _SAME_MS:
            self.words.add(text, duration_ms, pcm)

    def report(self, now: float, played_ms: float) -> None:
        """The client says how much it has played."""
        self._played_ms = min(played_ms, self._sent_ms)
        self._played_at = now

    def played_ms(self, now: float) -> float:
        since = 0.0 if self._played_at is None else 1000 * (now - self._played_at)
        return min(self._sent_ms, self._played_ms + since)

    def heard(self, now: float) -> str:
        """The words played so far."""
        return self.words.until(self.played_ms(now))

    def lately(self, now: float, before_ms: float = 4000.0) -> str:
        """The words that may be sounding in the listener's room: the last `before_ms`, and what was sent ahead."""
        return self.words.between(self.played_ms(now) - before_ms, self._sent_ms)

    def _move(self, now: float) -> None:
        """Playing stops where nothing is left to play, so the clock must not run on over a gap."""
        self._played_ms = self.played_ms(now)
        self._played_at = now
