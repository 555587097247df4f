"""How much of the last seconds was speech, and how sure the detector was of it; addressed by sample position."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE


@dataclass(frozen=True)
class Voiced:
    """The frames that were speech: how long they are together, and the mean of their probabilities (0 for none)."""

    ms: int
    probability: float


class Voicing:
    """The speech probabilities of the newest frames."""

    def __init__(self, capacity_samples: int) -> None:
        self._probabilities: deque[float] = deque(maxlen=capacity_samples // FRAME_SAMPLES)
        self._n_frames = 0

    def append(self, probability: float) -> None:
        self._probabilities.append(probability)
        self._n_frames += 1

    def frames(self, start: int, end: int) -> list[float]:
        """The probabilities of the frames that begin in samples [start, end), as far as they are still there."""
        first_kept = self._n_frames - len(self._probabilities)
        first = max(first_kept, -(-start // FRAME_SAMPLES))
        last = min(self._n_frames, -(-end // FRAME_SAMPLES))
        return [self._probabilities[frame - first_kept] for frame in range(first, last)]

    def between(self, start: int, end: int, threshold: float) -> Voiced:
        """Of the frames that begin in samples [start, end), those at or above `threshold`."""
        voiced = [probability for probability in self.frames(start, end) if probability >= threshold]
        if not voiced:
            return Voiced(0, 0.0)
        return Voiced(len(voiced) * FRAME_SAMPLES * 1000 // SAMPLE_RATE, sum(voiced) / len(voiced))
