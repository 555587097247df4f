"""One request to a decoupled model over gRPC, and all its responses with their times."""

from __future__ import annotations

import queue
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import tritonclient.grpc as grpcclient
from numpy.typing import NDArray

_TYPES: dict[type, tuple[str, Any]] = {
    str: ("BYTES", np.object_),
    float: ("FP32", np.float32),
    int: ("INT32", np.int32),
    bool: ("BOOL", np.bool_),
}


@dataclass(frozen=True)
class Answer:
    """`responses`: (seconds since the request, tensors by name); `error` is empty when all went well.

    `audio_name` is the tensor that `audio` joins.
    """

    responses: list[tuple[float, dict[str, NDArray[Any]]]]
    error: str
    finals: int
    seconds: float
    audio_name: str = "AUDIO"

    def strings(self, name: str) -> list[str]:
        """The string of every response's tensor `name`."""
        return [tensors[name].reshape(-1)[0].decode() for _, tensors in self.responses]

    def audio(self) -> NDArray[np.int16]:
        """All samples, (n_samples,)."""
        return np.concatenate([tensors[self.audio_name].reshape(-1) for _, tensors in self.responses])


def stream(
    url: str,
    model: str,
    timeout_s: float = 60,
    cancel_after: int = 0,
    audio_name: str = "AUDIO",
    **tensors: str | float | NDArray[Any],
) -> Answer:
    """Send the tensors (scalars as [1, 1]) and collect until the final flag, an error or a cancel."""
    arrived: queue.Queue[tuple[float, Any, Any]] = queue.Queue()
    responses: list[tuple[float, dict[str, NDArray[Any]]]] = []
    error, finals = "", 0
    with grpcclient.InferenceServerClient(url) as client:
        client.start_stream(lambda result, error: arrived.put((time.monotonic(), result, error)))
        start = time.monotonic()
        inputs = [_input(name, value) for name, value in tensors.items()]
        client.async_stream_infer(model, inputs, enable_empty_final_response=True)
        while not finals and not error:
            at, result, failure = arrived.get(timeout=timeout_s)
            if failure is not None:
                error = str(failure)
                break
            response = result.get_response()
            if response.outputs:
                responses.append((at - start, {o.name: result.as_numpy(o.name) for o in response.outputs}))
            finals += response.parameters["triton_final_response"].bool_param
            if cancel_after and len(responses) >= cancel_after:
                break
        client.stop_stream(cancel_requests=True)
    return Answer(responses, error, finals, time.monotonic() - start, audio_name)


def _input(name: str, value: str | float | NDArray[Any]) -> grpcclient.InferInput:
    if isinstance(value, np.ndarray):
        tensor = grpcclient.InferInput(name, [1, len(value)], "FP32")
        tensor.set_data_from_numpy(value.reshape(1, -1))
        return tensor
    datatype, dtype = ("UINT64", np.uint64) if name == "SEED" else _TYPES[type(value)]
    tensor = grpcclient.InferInput(name, [1, 1], datatype)
    content = value.encode() if isinstance(value, str) else value
    tensor.set_data_from_numpy(np.array([[content]], dtype=dtype))
    return tensor
