"""When each leg of a turn happened, and the figures made of it. Pure; times are seconds of one monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.protocol import TurnMetrics


@dataclass
class TurnTiming:
    """Marks of one turn; a mark that was set stays (the first token is the first)."""

    turn: int
    started: float | None = None
    first_partial: float | None = None
    voiced_end: float | None = None
    ended: float | None = None
    final: float | None = None
    first_token: float | None = None
    first_audio: float | None = None
    reply_audio_ms: float = 0.0
    tokens: int = 0
    prepared: bool = False

    def mark(self, leg: str, now: float) -> bool:
        """Set the mark where it is not set; True when this was the first time."""
        if getattr(self, leg) is not None:
            return False
        setattr(self, leg, now)
        return True

    def message(self) -> TurnMetrics:
        """Legs counted from the end-of-turn decision, except the first partial and voice-to-voice."""
        return TurnMetrics(
            turn=self.turn,
            end_silence_ms=_ms(self.voiced_end, self.ended),
            first_partial_ms=_ms(self.started, self.first_partial),
            final_transcript_ms=_ms(self.ended, self.final),
            first_token_ms=_ms(self.ended, self.first_token),
            first_audio_ms=_ms(self.ended, self.first_audio),
            voice_to_voice_ms=_ms(self.voiced_end, self.first_audio),
            reply_audio_ms=round(self.reply_audio_ms, 1),
            tokens=self.tokens,
            prepared=self.prepared,
        )


def _ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(1000 * (end - start), 1)
