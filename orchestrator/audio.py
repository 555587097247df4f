"""Sample arithmetic: what PCM bytes mean, frames of one size, sample rates, and how fast audio arrives.

Knows nothing of files, containers, messages or clocks. `pcm` is bytes; `audio` is mono float32 in [-1, 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import BadAudio

Audio = NDArray[np.float32]

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 512
EMPTY: Audio = np.zeros(0, dtype=np.float32)
EMPTY.flags.writeable = False

_MU = 255
_MULAW_BIAS = 132
_MULAW_PEAK = 32_635


def pcm16_to_audio(pcm: bytes) -> Audio:
    """Little-endian signed 16-bit PCM -> float32 [samples].

    Raises:
        BadAudio: the byte count is odd.
    """
    if len(pcm) % 2:
        raise BadAudio(f"odd byte count: {len(pcm)} bytes cannot be 16-bit samples; send whole samples")
    audio: Audio = np.frombuffer(pcm, dtype="<i2") / np.float32(32_768)
    return audio


def audio_to_pcm16(audio: Audio) -> bytes:
    """float32 [samples] -> little-endian signed 16-bit PCM; what is louder than full scale is clipped."""
    clipped: NDArray[np.float32] = np.clip(np.rint(audio * 32_768), -32_768, 32_767)
    return clipped.astype("<i2").tobytes()


def _mulaw_table() -> Audio:
    inverted = ~np.arange(256, dtype=np.int32) & _MU
    magnitude = (((inverted & 15) << 3) + _MULAW_BIAS << (inverted >> 4 & 7)) - _MULAW_BIAS
    return (np.where(inverted & 128, -magnitude, magnitude) / 32_768).astype(np.float32)


_MULAW_TO_AUDIO = _mulaw_table()


def mulaw_to_audio(mulaw: bytes) -> Audio:
    """G.711 mu-law, one byte a sample -> float32 [samples]."""
    return _MULAW_TO_AUDIO[np.frombuffer(mulaw, dtype=np.uint8)]


def audio_to_mulaw(audio: Audio) -> bytes:
    """float32 [samples] -> G.711 mu-law, one byte a sample; what is louder than its peak is clipped."""
    pcm = np.clip(np.rint(audio * 32_768), -_MULAW_PEAK, _MULAW_PEAK).astype(np.int32)
    magnitude = np.abs(pcm) + _MULAW_BIAS
    segment = np.frexp(magnitude)[1] - 8  # the bias makes the lowest magnitude 132, whose exponent is 8
    code: NDArray[np.int64] = np.where(pcm < 0, 128, 0) | segment << 4 | magnitude >> segment + 3 & 15
    return (~code & _MU).astype(np.uint8).tobytes()


def require_finite(audio: Audio) -> Audio:
    """Return `audio` unchanged.

    Raises:
        BadAudio: a sample is NaN or infinite.
    """
    if not np.isfinite(audio).all():
        raise BadAudio("a sample is NaN or infinite; send finite floats between -1 and 1")
    return audio


class Framer:
    """Chunks of any size in, whole frames of `frame_samples` out; the rest waits for the next chunk."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        self._frame_samples = frame_samples
        self._rest: Audio = EMPTY

    def push(self, audio: Audio) -> Iterator[Audio]:
        """Yield every frame that is complete now, each float32 [frame_samples]."""
        joined = np.concatenate([self._rest, audio])
        whole_samples = len(joined) - len(joined) % self._frame_samples
        self._rest = joined[whole_samples:].copy()
        return iter(joined[:whole_samples].reshape(-1, self._frame_samples))

    def flush(self) -> Audio:
        """Return the waiting rest, float32 [< frame_samples], and start anew."""
        rest, self._rest = self._rest, EMPTY
        return rest


class Resampler:
    """Streaming change of sample rate, band-limited (libswresample's polyphase filter).

    Chunked equals whole, bit for bit. A few milliseconds stay in the filter until `flush`.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._restart()

    def push(self, audio: Audio) -> Audio:
        """float32 [samples] at `from_hz` -> what is ready at `to_hz`, float32 [-1]."""
        if self._from_hz == self._to_hz or not len(audio):
            return audio
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(audio)[None, :], format="flt", layout="mono")
        frame.sample_rate = self._from_hz
        return self._resample(frame)

    def flush(self) -> Audio:
        """Return what the filter still holds, and start anew."""
        tail = self._resample(None)
        self._restart()
        return tail

    def _resample(self, frame: av.AudioFrame | None) -> Audio:
        return np.concatenate([EMPTY, *(out.to_ndarray()[0] for out in self._filter.resample(frame))])

    def _restart(self) -> None:
        self._filter = av.AudioResampler(format="flt", layout="mono", rate=self._to_hz)


class RateMeter:
    """Compares the rate at which samples arrive with the declared one.

    It judges only a full window of steady arrival: a pause longer than `pause_seconds` (a muted microphone)
    starts a new window, and so does every verdict. A file sent at once shows as a very large ratio; whether
    that is a fault is for the caller to decide. Memory is bounded however small the messages are.
    """

    _BUCKET_SECONDS = 0.05

    def __init__(
        self, rate_hz: int, window_seconds: float = 3.0, tolerance: float = 0.2, pause_seconds: float = 1.5
    ) -> None:
        self._rate_hz = rate_hz
        self._window_seconds = window_seconds
        self._tolerance = tolerance
        self._pause_seconds = pause_seconds
        self._last_seconds = 0.0
        self._restart()

    def push(self, samples: int, now_seconds: float) -> float | None:
        """Count an arrival; return arrived / declared rate if it is clearly off over a full window."""
        if self._buckets and now_seconds - self._last_seconds > self._pause_seconds:
            self._restart()
        self._last_seconds = now_seconds
        self._count(samples, now_seconds)
        ratio = self.ratio()
        if ratio is None or abs(ratio - 1) <= self._tolerance:
            return None
        self._restart()
        return ratio

    def ratio(self) -> float | None:
        """Arrived / declared rate over the last window, None before a window is full."""
        if not self._buckets:
            return None
        span_seconds = self._buckets[-1][0] - self._buckets[0][0]
        if span_seconds < self._window_seconds:
            return None
        # What the first bucket holds was recorded before the span began: it only marks the start.
        return (self._samples - self._buckets[0][1]) / (span_seconds * self._rate_hz)

    def _count(self, samples: int, now_seconds: float) -> None:
        self._samples += samples
        if self._buckets and now_seconds - self._buckets[-1][0] < self._BUCKET_SECONDS:
            start_seconds, held = self._buckets.pop()
            self._buckets.append((start_seconds, held + samples))
            return
        self._buckets.append((now_seconds, samples))
        while len(self._buckets) > 2 and now_seconds - self._buckets[1][0] >= self._window_seconds:
            self._samples -= self._buckets.popleft()[1]

    def _restart(self) -> None:
        self._buckets: deque[tuple[float, int]] = deque()  # (start, samples that arrived in it)
        self._samples = 0
