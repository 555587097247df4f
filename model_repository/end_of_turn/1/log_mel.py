"""Whisper's log-mel spectrogram of 16 kHz audio, in numpy.

The values are those of Hugging Face's `WhisperFeatureExtractor` (Slaney's mel scale, 400-point Hann window, hop 160).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
HOP_SAMPLES = 160
N_MELS = 80

_WINDOW_SAMPLES = 400
_SMALLEST_POWER = 1e-10
_RANGE_LOG10 = 8.0
# Slaney's scale: linear up to 1 kHz, then 27 steps for each factor of 6.4.
_LINEAR_HZ_PER_MEL = 200 / 3
_FIRST_LOG_HZ = 1000.0
_FIRST_LOG_MEL = _FIRST_LOG_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def log_mel(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Audio (n_samples,) → (80, n_samples // 160); a frame is centred on each hop, the audio mirrored at its ends."""
    mirrored = np.pad(audio, _WINDOW_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, _WINDOW_SAMPLES)[::HOP_SAMPLES]
    frames = frames[: len(audio) // HOP_SAMPLES]
    power = np.square(np.abs(np.fft.rfft(frames * _WINDOW, axis=1)))  # (n_frames, 201)
    mel = np.log10(np.maximum(_FILTERS @ power.T, _SMALLEST_POWER))
    scaled: NDArray[np.float64] = (np.maximum(mel, mel.max() - _RANGE_LOG10) + 4) / 4
    return scaled.astype(np.float32)


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _FIRST_LOG_HZ * np.exp(_LOG_STEP * (mel - _FIRST_LOG_MEL))
    return np.where(mel < _FIRST_LOG_MEL, mel * _LINEAR_HZ_PER_MEL, above)


def _filters() -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's scale from 0 Hz to the Nyquist frequency, shape (80, 201)."""
    highest_mel = _FIRST_LOG_MEL + np.log(SAMPLE_RATE / 2 / _FIRST_LOG_HZ) / _LOG_STEP
    corners = _hz(np.linspace(0, highest_mel, N_MELS + 2))[:, None]  # (82, 1)
    bins = np.fft.rfftfreq(_WINDOW_SAMPLES, 1 / SAMPLE_RATE)[None]  # (1, 201)
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    triangles: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling)) * (2 / (high - low))
    return triangles


_WINDOW = np.hanning(_WINDOW_SAMPLES + 1)[:-1]
_FILTERS = _filters()
