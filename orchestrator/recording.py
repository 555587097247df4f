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
        begin = self._end % len(self._ring)
        until_end = audio[: len(self._ring) - begin]
        self._ring[begin : begin + len(until_end)] = until_end
        self._ring[: len(audio) - len(until_end)] = audio[len(until_end) :]
        self._end += len(audio)

    def replace(self, start: int, audio: Audio) -> None:
        """Put `audio` in the place of as many samples from `start` on, as far as those are still there."""
        positions = np.arange(start, start + len(audio))
        kept = (positions >= self._end - len(self._ring)) & (positions >= 0) & (positions < self._end)
        self._ring[positions[kept] % len(self._ring)] = audio[kept]

    def slice(self, start: int, end: int) -> Audio:
        """Samples [start, end) as a copy, float32 [n_samples]; what is no longer (or not yet) there is left out."""
        start = max(start, self._end - len(self._ring), 0)
        audio: Audio = self._ring[np.arange(start, min(end, self._end)) % len(self._ring)]
        return audio
