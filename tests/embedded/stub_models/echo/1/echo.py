"""Gives every tensor back, and what was read of it as JSON, so that neither direction can hide the other's fault."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Stateless."""

    def execute(self, requests: list[Any]) -> list[Any]:
        return [_echo(request, len(requests)) for request in requests]


def _echo(request: Any, n_requests: int) -> Any:
    arrays = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
    seen = json.dumps({name: array.tolist() for name, array in arrays.items()}, default=bytes.hex)
    n_rows = len(next(iter(arrays.values())))
    outputs = dict(arrays)
    if "MATRIX" in arrays:
        outputs["TRANSPOSED"] = arrays["MATRIX"].transpose(0, 2, 1)
    if "INT16" in arrays:
        outputs["REVERSED"] = arrays["INT16"][:, ::-1]
    outputs["SEEN"] = np.array([[seen.encode()]] * n_rows, dtype=np.object_)
    outputs["REQUESTS"] = np.full((n_rows, 1), n_requests, dtype=np.int32)
    return pb_utils.InferenceResponse([pb_utils.Tensor(name, array) for name, array in outputs.items()])
