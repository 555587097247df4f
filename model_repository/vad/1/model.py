"""Triton's side of the `vad` model: tensors in and out. The work is in `silero.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .settings import Settings
from .silero import SAMPLE_RATE, STATE_VALUES, Detection, InvalidInputError, Silero, Utterance, checked


class TritonPythonModel:
    """Answers all requests of a batch with one network call per frame position."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"])["parameters"]
        settings = Settings.parse({k: v["string_value"] for k, v in parameters.items()}, os.environ)
        self._max_samples = int(settings.max_audio_seconds * SAMPLE_RATE)
        self._silero = Silero(settings.model_path, settings.threads)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        rows: list[list[Utterance] | InvalidInputError] = [self._rows(request) for request in requests]
        usable = [utterance for row in rows if not isinstance(row, InvalidInputError) for utterance in row]
        try:
            detections = iter(self._silero.detect(usable) if usable else [])
            return [
                _refusal(row)
                if isinstance(row, InvalidInputError)
                else _response([next(detections) for _ in row])
                for row in rows
            ]
        except Exception as error:
            pb_utils.Logger.log_error(f"vad: {error!r}")
            failure = pb_utils.TritonError(
                "vad failed; the server's log says why", pb_utils.TritonError.INTERNAL
            )
            return [pb_utils.InferenceResponse(error=failure) for _ in requests]

    def _rows(self, request: Any) -> list[Utterance] | InvalidInputError:
        audio = pb_utils.get_input_tensor_by_name(request, "AUDIO").as_numpy()  # (batch, n_samples)
        state_tensor = pb_utils.get_input_tensor_by_name(request, "STATE")
        states = (
            np.zeros((len(audio), STATE_VALUES), np.float32)
            if state_tensor is None
            else state_tensor.as_numpy()
        )
        try:
            return [checked(row, state, self._max_samples) for row, state in zip(audio, states, strict=True)]
        except InvalidInputError as error:
            return error


def _response(detections: list[Detection]) -> Any:
    probabilities = np.stack([detection.speech_probability for detection in detections])
    states = np.stack([detection.state for detection in detections])
    return pb_utils.InferenceResponse(
        [pb_utils.Tensor("SPEECH_PROBABILITY", probabilities), pb_utils.Tensor("STATE", states)]
    )


def _refusal(error: InvalidInputError) -> Any:
    return pb_utils.InferenceResponse(
        error=pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
    )
