"""Speech probabilities of 32 ms frames with Silero VAD on onnxruntime.

Knows numpy and ONNX, neither Triton nor sessions: whoever calls keeps the state. The recurrence, frame and context
sizes are those of the Silero VAD 6 package (`silero_vad.utils_vad.OnnxWrapper`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 512
CONTEXT_SAMPLES = 64
RECURRENT_VALUES = 256
STATE_VALUES = RECURRENT_VALUES + CONTEXT_SAMPLES

# Above this the samples are certainly not in -1..1; up to it the network cannot overflow.
_LOUDEST = 32_768.0


class InvalidInputError(ValueError):
    """The caller's tensor cannot be used; the message begins with the tensor's name."""


@dataclass(frozen=True)
class Utterance:
    """Consecutive frames of one session and the state left by the frames before them."""

    audio: NDArray[np.float32]  # (n_frames * 512,)
    state: NDArray[np.float32]  # (320,)


@dataclass(frozen=True)
class Detection:
    """Probability of speech in each frame, and the state to send with the next frames."""

    speech_probability: NDArray[np.float32]  # (n_frames,)
    state: NDArray[np.float32]  # (320,)


def start_state() -> NDArray[np.float32]:
    """The state before the first frame, shape (320,)."""
    return np.zeros(STATE_VALUES, np.float32)


def checked(audio: NDArray[np.float32], state: NDArray[np.float32], max_samples: int) -> Utterance:
    """Raises `InvalidInputError` where the audio is no whole number of frames, too long, or not finite."""
    if audio.size == 0 or audio.size % FRAME_SAMPLES:
        raise InvalidInputError(
            f"AUDIO: {audio.size} samples; send a multiple of {FRAME_SAMPLES}, at least one frame, at 16 kHz"
        )
    if audio.size > max_samples:
        raise InvalidInputError(f"AUDIO: {audio.size} samples in one request; send at most {max_samples}")
    if state.shape != (STATE_VALUES,):
        raise InvalidInputError(
            f"STATE: shape {state.shape}; send back the {STATE_VALUES} values of the last answer"
        )
    for name, values in (("AUDIO", audio), ("STATE", state)):
        loudest = np.abs(values).max()  # NaN where a value is NaN
        if not np.isfinite(loudest):
            raise InvalidInputError(f"{name}: holds NaN or infinity")
        if loudest > _LOUDEST:
            raise InvalidInputError(f"{name}: values beyond {_LOUDEST:g}; audio is float in -1..1")
    return Utterance(audio, state)


class Silero:
    """The network, loaded once; holds nothing between calls."""

    def __init__(self, model_path: Path, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(model_path), options, providers=["CPUExecutionProvider"]
        )

    def detect(self, utterances: Sequence[Utterance]) -> list[Detection]:
        """One answer for each utterance, in order.

        The n-th frames of all utterances share one network call. Utterances that have ended leave the batch, so
        lengths may differ.
        """
        longest_first = sorted(range(len(utterances)), key=lambda row: -utterances[row].audio.size)
        ordered = [utterances[row] for row in longest_first]
        recurrent, probabilities = self._recur(ordered)
        detections = {
            row: Detection(probabilities[i], _joined_state(recurrent[:, i], ordered[i].audio))
            for i, row in enumerate(longest_first)
        }
        return [detections[row] for row in range(len(utterances))]

    def _recur(self, ordered: Sequence[Utterance]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Run frame by frame over utterances sorted from the longest to the shortest.

        Returns the last recurrent state of each, (2, n_utterances, 128), and the probabilities of each.
        """
        samples = [np.concatenate([u.state[RECURRENT_VALUES:], u.audio]) for u in ordered]
        frame_counts = np.array([u.audio.size // FRAME_SAMPLES for u in ordered])
        recurrent = np.stack([u.state[:RECURRENT_VALUES].reshape(2, 128) for u in ordered], axis=1)
        probabilities = [np.empty(count, np.float32) for count in frame_counts]
        for frame in range(frame_counts[0]):
            active = int((frame_counts > frame).sum())
            begin = frame * FRAME_SAMPLES  # each frame goes behind the last 64 samples of the one before it
            frames = np.stack(
                [row[begin : begin + CONTEXT_SAMPLES + FRAME_SAMPLES] for row in samples[:active]]
            )
            probability, recurrent[:, :active] = self._infer(frames, recurrent[:, :active])
            for i in range(active):
                probabilities[i][frame] = probability[i]
        return recurrent, probabilities

    def _infer(
        self, frames: NDArray[np.float32], recurrent: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Frames (n, 576) and recurrent state (2, n, 128) → probabilities (n,), recurrent state (2, n, 128)."""
        feeds = {"input": frames, "state": recurrent, "sr": np.array(SAMPLE_RATE, np.int64)}
        probability, after = self._session.run(["output", "stateN"], feeds)
        return probability[:, 0], after


def _joined_state(recurrent: NDArray[np.float32], audio: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([recurrent.reshape(-1), audio[-CONTEXT_SAMPLES:]])
