"""Triton's side of the `end_of_turn` model: tensors in and out. The work is in `smart_turn.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from .log_mel import SAMPLE_RATE
from .settings import Settings
from .smart_turn import InvalidInputError, SmartTurn, checked

Turns = list[NDArray[np.float32]]


class TritonPythonModel:
    """Answers all requests of a batch with one network call."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"])["parameters"]
        settings = Settings.parse({k: v["string_value"] for k, v in parameters.items()}, os.environ)
        self._max_samples = int(settings.max_audio_seconds * SAMPLE_RATE)
        self._network = SmartTurn(settings.model_path, settings.threads)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        rows: list[Turns | InvalidInputError] = [self._rows(request) for request in requests]
        usable = [turn for row in rows if not isinstance(row, InvalidInputError) for turn in row]
        try:
            probabilities = iter(list(self._network.finished(usable)) if usable else [])
            return [
                _refusal(row)
                if isinstance(row, InvalidInputError)
                else _response([next(probabilities) for _ in row])
                for row in rows
            ]
        except Exception as error:
            pb_utils.Logger.log_error(f"end_of_turn: {error!r}")
            failure = pb_utils.TritonError(
                "end_of_turn failed; the server's log says why", pb_utils.TritonError.INTERNAL
            )
            return [pb_utils.InferenceResponse(error=failure) for _ in requests]

    def _rows(self, request: Any) -> Turns | InvalidInputError:
        audio = pb_utils.get_input_tensor_by_name(request, "AUDIO").as_numpy()  # (batch, n_samples)
        try:
            return [checked(row, self._max_samples) for row in audio]
        except InvalidInputError as error:
            return error


def _response(probabilities: list[np.float32]) -> Any:
    tensor = np.array(probabilities, np.float32)[:, None]  # (batch, 1)
    return pb_utils.InferenceResponse([pb_utils.Tensor("PROBABILITY", tensor)])


def _refusal(error: InvalidInputError) -> Any:
    return pb_utils.InferenceResponse(
        error=pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
    )
