"""A plain tritonclient user of the language model, one gRPC stream per generation."""

from __future__ import annotations

import json
import queue
import re
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

Tensors = dict[str, NDArray[Any]]
_TYPES = {
    "i4": "INT32",
    "f4": "FP32",
    "b1": "BOOL",
    "u8": "UINT64",
    "i8": "INT64",
    "u1": "UINT8",
    "f2": "FP16",
    "O": "BYTES",
}
_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Response:
    """One response with data."""

    tensors: Mapping[str, NDArray[Any]]
    at_seconds: float
    """Since the request was sent."""

    @property
    def tokens(self) -> list[int]:
        ids: list[int] = self.tensors["output_ids"].reshape(-1).tolist()
        return ids


class Stream:
    """One running generation; iterate for its responses, which raises what the model refuses with."""

    def __init__(self, url: str, model: str, tensors: Tensors, request_id: str = "") -> None:
        self._client = grpc.InferenceServerClient(url)
        self._arrived: queue.Queue[tuple[float, Any, Any]] = queue.Queue()
        self._client.start_stream(lambda result, error: self._arrived.put((monotonic(), result, error)))
        self._started = monotonic()
        self.final_flags = 0
        inputs = [infer_input(name, value) for name, value in tensors.items()]
        self._client.async_stream_infer(
            model, inputs, request_id=request_id, enable_empty_final_response=True
        )

    def __iter__(self) -> Iterator[Response]:
        while not self.final_flags:
            at, result, error = self._arrived.get(timeout=_TIMEOUT_SECONDS)
            if error is not None:
                self.cancel()
                raise error
            response = result.get_response()
            self.final_flags += response.parameters["triton_final_response"].bool_param
            if response.outputs:
                tensors = {output.name: result.as_numpy(output.name) for output in response.outputs}
                yield Response(tensors, at - self._started)
        self.cancel()

    def cancel(self) -> None:
        self._client.stop_stream(cancel_requests=True)
        self._client.close()


class Llm:
    """The language model behind one Triton."""

    def __init__(self, grpc_url: str, metrics_url: str) -> None:
        self._url = grpc_url
        self._metrics_url = metrics_url
        self.client = grpc.InferenceServerClient(grpc_url)

    def request(self, text: str, tokens: int = 24, streaming: bool = True, **changes: Any) -> Tensors:
        """Tensors of a greedy request that answers a user's text; a change of None leaves a tensor out."""
        messages = json.dumps([{"role": "user", "content": text}])
        prepared = self.prepare(MESSAGES=strings(messages), REQUEST_OUTPUT_LEN=int32(tokens))
        tensors = {
            "input_ids": prepared["INPUT_ID"],
            "input_lengths": prepared["REQUEST_INPUT_LEN"],
            "request_output_len": int32(tokens),
            "end_id": prepared["OUT_END_ID"],
            "streaming": np.array([[streaming]]),
        }
        return {name: value for name, value in {**tensors, **changes}.items() if value is not None}

    def prepare(self, **tensors: NDArray[Any]) -> Tensors:
        inputs = [infer_input(name, value) for name, value in tensors.items()]
        result = self.client.infer("preprocessing", inputs)
        return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}

    def start(self, tensors: Tensors, request_id: str = "") -> Stream:
        return Stream(self._url, "tensorrt_llm", tensors, request_id)

    def tokens(self, tensors: Tensors) -> list[int]:
        """All output tokens of a request, in the order of their arrival."""
        return [token for response in self.start(tensors) for token in response.tokens]

    def chat(self, **tensors: NDArray[Any]) -> list[str]:
        """Pieces of text from the ensemble."""
        stream = Stream(self._url, "chat", tensors)
        return [response.tensors["text_output"].reshape(-1)[0].decode() for response in stream]

    def text(self, tokens: list[int]) -> str:
        inputs = [
            infer_input("TOKENS_BATCH", int32(tokens)),
            infer_input("SEQUENCE_LENGTH", int32(len(tokens))),
        ]
        output = self.client.infer("postprocessing", inputs).as_numpy("OUTPUT")
        return str(output.reshape(-1)[0].decode())

    def refusal(self, tensors: Tensors) -> InferenceServerException:
        """The error that a request is answered with."""
        try:
            answered = list(self.start(tensors))
        except InferenceServerException as error:
            return error
        raise AssertionError(f"not refused, {len(answered)} responses")

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(self._metrics_url) as page:
            found = re.search(rf"^beautyai_llm_{name}\{{.*\}} (\S+)$", page.read().decode(), re.MULTILINE)
        assert found is not None
        return float(found[1])


def infer_input(name: str, value: NDArray[Any]) -> grpc.InferInput:
    key = "O" if value.dtype == np.object_ else value.dtype.str[1:]
    made = grpc.InferInput(name, list(value.shape), _TYPES[key])
    made.set_data_from_numpy(value)
    return made


def int32(*values: Any) -> NDArray[np.int32]:
    """INT32 with a batch dimension of 1."""
    return np.array([values], np.int32)


def float32(*values: float) -> NDArray[np.float32]:
    """FP32 with a batch dimension of 1."""
    return np.array([values], np.float32)


def strings(*values: str) -> NDArray[Any]:
    """STRING with a batch dimension of 1."""
    return np.array([[value.encode() for value in values]], np.object_)
