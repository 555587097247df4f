"""A long recording cut into windows that Whisper takes at once: at silences, never longer than it hears best. Pure.

Windows of at most 14 s fit the encoder's 15 s floor (docs/decisions/0006), so that none occupies the model for long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE, Audio

FRAMES_PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES


def _frames(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)


_LONGEST = _frames(14)
_LONG_ENOUGH = _frames(6)
_PAUSE = _frames(0.4)
_LONG_PAUSE = _frames(1.5)
_MARGIN = _frames(0.3)
_AROUND = 5


@dataclass(frozen=True)
class Window:
    """A piece of the recording with speech in it, from sample `start` on; `probabilities` of speech, frame by frame."""

    start: int
    audio: Audio
    probabilities: tuple[float, ...]

    @property
    def start_seconds(self) -> float:
        return self.start / SAMPLE_RATE

    @property
    def end_seconds(self) -> float:
        return (self.start + len(self.audio)) / SAMPLE_RATE


class Windows:
    """Frames in, windows out as soon as each is certain. Silence between them is left out.

    A frame is speech from `threshold` on.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._start = 0  # in frames, of what is kept
        self._frames: list[Audio] = []
        self._probabilities: list[float] = []
        self._first_voiced: int | None = None  # in the frames kept
        self._silent = 0  # frames since the last voiced one

    def push(self, frame: Audio, probability: float) -> Window | None:
        """The next frame, float32 [512]; the window that it completes."""
        self._frames.append(frame)
        self._probabilities.append(probability)
        voiced = probability >= self._threshold
        self._silent = 0 if voiced else self._silent + 1
        if voiced and self._first_voiced is None:
            self._first_voiced = len(self._frames) - 1
        if self._first_voiced is None:
            self._drop(len(self._frames) - _MARGIN)
            return None
        return self._cut()

    def flush(self) -> Window | None:
        """The last window."""
        return None if self._first_voiced is None else self._take(len(self._frames))

    def _cut(self) -> Window | None:
        n_frames = len(self._frames)
        pause = _PAUSE if n_frames >= _LONG_ENOUGH else _LONG_PAUSE
        if self._silent >= pause:
            return self._take(n_frames - self._silent + min(self._silent, _MARGIN))
        return self._take(self._quietest()) if n_frames >= _LONGEST else None

    def _quietest(self) -> int:
        """Behind which frame of the second half to cut where nobody pauses: in the middle of the least speech."""
        half = _LONGEST // 2
        around = np.convolve(self._probabilities[half:], np.ones(_AROUND) / _AROUND, mode="valid")
        return half + _AROUND // 2 + int(np.argmin(around))

    def _take(self, n_frames: int) -> Window:
        taken = Window(
            self._start * FRAME_SAMPLES,
            np.concatenate(self._frames[:n_frames]),
            tuple(self._probabilities[:n_frames]),
        )
        self._drop(n_frames)
        voiced = (i for i, p in enumerate(self._probabilities) if p >= self._threshold)
        self._first_voiced = next(voiced, None)
        return taken

    def _drop(self, n_frames: int) -> None:
        if n_frames > 0:
            del self._frames[:n_frames], self._probabilities[:n_frames]
            self._start += n_frames
