"""The last seconds of a session's audio, addressed by sample position since the session began."""

from __future__ import annotations

import numpy as np

from orchestrator.audio import Audio


class Recording:
    """Keeps the newest `capacity_samples`; older audio is overwritten, so an endless utterance costs nothing."""

    def __init__(self, capacity_samples: int) -> None:
        self._ring: Audio = np.zeros(capacity_samples, dtype=np.float32)
        self._end = 0

    def append(self, audio: Audio) -> None:
        """Add float32 [n_samples], n_samples <= capacity."""
        indices = np.arange(self._end, self._end + len(audio)) % len(self._ring)
        self._ring[indices] = audio
        self._end += len(audio)

    def slice(self, start: int, end: int) -> Audio:
        """Samples [start, end) as a copy, float32 [n_samples]; what is no longer (or not yet) there is left out."""
        start = max(start, self._end - len(self._ring), 0)
        audio: Audio = self._ring[np.arange(start, min(end, self._end)) % len(self._ring)]
        return audio
