"""MP3 bytes, in pieces cut anywhere, to samples. Knows nothing of who sends them."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray


class Mp3Error(ValueError):
    """The bytes are not MP3 audio."""


class Mp3Decoder:
    """Decodes as bytes arrive, to int16 mono at `sample_rate` Hz whatever the stream's own rate."""

    def __init__(self, sample_rate: int) -> None:
        self._codec = AudioCodecContext.create("mp3", "r")
        self._resampler = AudioResampler(format="s16", layout="mono", rate=sample_rate)

    def feed(self, mp3: bytes) -> Iterator[NDArray[np.int16]]:
        """Yield the frames (n_samples,) that `mp3` completes. Raises Mp3Error."""
        return self._decoded(mp3)

    def flush(self) -> Iterator[NDArray[np.int16]]:
        """Yield what is left when the stream has ended. Raises Mp3Error."""
        yield from self._decoded(b"")
        yield from _samples(self._resampler.resample(None))

    def _decoded(self, mp3: bytes) -> Iterator[NDArray[np.int16]]:
        try:
            for packet in self._codec.parse(mp3):
                for frame in self._codec.decode(packet):
                    yield from _samples(self._resampler.resample(frame))
        except av.FFmpegError as error:
            raise Mp3Error(f"not MP3 audio: {error}") from error


def _samples(frames: list[AudioFrame]) -> Iterator[NDArray[np.int16]]:
    for frame in frames:
        yield frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
