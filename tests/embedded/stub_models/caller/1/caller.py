"""Calls the two other models from inside (BLS), one decoupled and one not, and joins what they answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Stateless."""

    def execute(self, requests: list[Any]) -> list[Any]:
        return [_call(request) for request in requests]


def _call(request: Any) -> Any:
    text = pb_utils.get_input_tensor_by_name(request, "TEXT")
    asked = pb_utils.InferenceRequest(
        model_name="words", requested_output_names=["WORD", "AUDIO"], inputs=[text]
    )
    pieces = [piece for piece in asked.exec(decoupled=True) if piece.output_tensors()]
    words = np.concatenate([_output(piece, "WORD") for piece in pieces], axis=1)
    samples = np.concatenate([_output(piece, "AUDIO") for piece in pieces], axis=1)
    asked = pb_utils.InferenceRequest(
        model_name="echo",
        requested_output_names=["INT16", "REVERSED"],
        inputs=[pb_utils.Tensor("INT16", samples)],
    )
    echoed = asked.exec()
    outputs = {"WORDS": words, "AUDIO": _output(echoed, "INT16"), "REVERSED": _output(echoed, "REVERSED")}
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in outputs.items()])


def _output(response: Any, name: str) -> Any:
    if response.has_error():
        raise pb_utils.TritonModelException(response.error().message())
    return pb_utils.get_output_tensor_by_name(response, name).as_numpy()
