"""The probability that a speaker has finished, with Smart Turn v3 on onnxruntime.

Knows numpy and ONNX, neither Triton nor sessions. Padding, normalisation and features are those that the network
was published with (`pipecat.audio.turn.smart_turn.local_smart_turn_v3`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from .log_mel import SAMPLE_RATE, log_mel

WINDOW_SAMPLES = 8 * SAMPLE_RATE

# Above this the samples are certainly not in -1..1.
_LOUDEST = 32_768.0


class InvalidInputError(ValueError):
    """The caller's tensor cannot be used; the message begins with the tensor's name."""


def checked(audio: NDArray[np.float32], max_samples: int) -> NDArray[np.float32]:
    """Raises `InvalidInputError` where the audio is empty, too long, or not finite."""
    if audio.size == 0:
        raise InvalidInputError("AUDIO: no samples; send the turn so far, at 16 kHz")
    if audio.size > max_samples:
        raise InvalidInputError(f"AUDIO: {audio.size} samples in one request; send at most {max_samples}")
    if not np.isfinite(audio).all():
        raise InvalidInputError("AUDIO: holds NaN or infinity")
    if np.abs(audio).max() > _LOUDEST:
        raise InvalidInputError(f"AUDIO: values beyond {_LOUDEST:g}; audio is float in -1..1")
    return audio


def features(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees of a turn: its last 8 s, shape (80, 800); a shorter one stands behind zeros."""
    window = np.zeros(WINDOW_SAMPLES, np.float32)
    last = audio[-WINDOW_SAMPLES:]
    window[WINDOW_SAMPLES - last.size :] = last
    return log_mel((window - window.mean()) / np.sqrt(window.var() + 1e-7))


class SmartTurn:
    """The network, loaded once; holds nothing between calls."""

    def __init__(self, model_path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model_path), options, providers=["CPUExecutionProvider"]
        )

    def finished(self, turns: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Audio of each turn (n_samples,), of any lengths → probability that its speaker has finished, (n_turns,)."""
        batch = np.stack([features(audio) for audio in turns])
        (probability,) = self._session.run(None, {"input_features": batch})
        return np.asarray(probability[:, 0], np.float32)
