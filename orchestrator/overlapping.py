"""Speech over a reply: when it is to be judged, and when it is over. Pure; positions are in samples.

It knows when somebody speaks, not what is said: that is judged outside, and `turn.py` acts on the judgement.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.config import TurnTakingSettings
from orchestrator.turn_events import JudgeOverlap, samples

LONGEST_MS = 2_500
"""No more of it is judged at once: a television in the room must not cost ever more."""

JUDGE_INTERVAL_MS = 96
LAST_JUDGEMENT_SILENCE_MS = 96
OVER_SILENCE_MS = 320


@dataclass
class Overlap:
    """Speech over a reply that began at `voiced_start`; the part of it that is being judged begins at `start`."""

    start: int
    voiced_start: int
    judged_end: int
    judging: bool = False

    def judgement(
        self, position: int, silence_since: int | None, settings: TurnTakingSettings
    ) -> JudgeOverlap | None:
        """What is to be judged now: as soon as the last judgement is back and there is something new to hear."""
        voiced_end = position if silence_since is None else silence_since
        fresh = voiced_end - self.judged_end
        if self.judging or fresh <= 0 or voiced_end - self.voiced_start < samples(settings.barge_in_ms):
            return None
        if silence_since is None and fresh < samples(JUDGE_INTERVAL_MS):
            return None
        if silence_since is not None and position - silence_since < samples(LAST_JUDGEMENT_SILENCE_MS):
            return None
        self.judging, self.judged_end = True, voiced_end
        self.start = max(self.start, position - samples(LONGEST_MS))
        return JudgeOverlap(self.start, self.voiced_start, position)

    def is_over(self, position: int, silence_since: int | None) -> bool:
        """Whether the speaker fell silent and nothing of it is still being judged."""
        silent = silence_since is not None and position - silence_since >= samples(OVER_SILENCE_MS)
        return silent and not self.judging
