"""A gRPC server that knows the configs only: it judges each request by them, and answers as they promise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import serialize_byte_tensor, triton_to_np_dtype

from production.repository import Configs, inputs, outputs, type_name

# A STRING that can be read as text and as JSON alike.
_TEXT = b"[]"


class PromisedServer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Every model of `configs`; `problems` collects what does not fit them, `asked` the models that were called."""

    def __init__(self, configs: Configs) -> None:
        self._configs = configs
        self.problems: list[str] = []
        self.asked: set[str] = set()

    async def ModelInfer(self, request: Any, _context: Any) -> Any:  # noqa: N802 - gRPC's name
        return self._answer(request)

    async def ModelStreamInfer(self, requests: Any, _context: Any) -> AsyncIterator[Any]:  # noqa: N802
        async for request in requests:
            answer = self._answer(request)
            answer.parameters["triton_final_response"].bool_param = True
            yield service_pb2.ModelStreamInferResponse(infer_response=answer)

    def _answer(self, request: Any) -> Any:
        answer = service_pb2.ModelInferResponse(model_name=request.model_name, id=request.id)
        config = self._configs.get(request.model_name)
        if config is None:
            self.problems.append(f"the orchestrator asks {request.model_name}, which the repository lacks")
            return answer
        self.asked.add(request.model_name)
        self.problems += (f"{request.model_name}: {text}" for text in request_problems(request, config))
        wanted = {output.name for output in request.outputs} or set(outputs(config))
        for name, tensor in outputs(config).items():
            if name in wanted:
                _add_output(answer, config, tensor)
        return answer


def request_problems(request: Any, config: Any) -> Iterator[str]:
    """What Triton would refuse in a request: names, types, shapes, and required inputs that are missing."""
    known = inputs(config)
    for sent in request.inputs:
        if sent.name not in known:
            yield f"has no input {sent.name}"
        else:
            yield from _tensor_problems(sent, known[sent.name], config)
    needed = {name for name, tensor in known.items() if not tensor.optional}
    yield from (
        f"input {name} is missing" for name in sorted(needed - {sent.name for sent in request.inputs})
    )
    unknown = {output.name for output in request.outputs} - set(outputs(config))
    yield from (f"has no output {name}" for name in sorted(unknown))


def _tensor_problems(sent: Any, tensor: Any, config: Any) -> Iterator[str]:
    # On the wire a STRING is called BYTES.
    wanted = type_name(tensor).replace("STRING", "BYTES")
    if sent.datatype != wanted:
        yield f"{sent.name} is sent as {sent.datatype}, the config says {wanted}"
    shape = list(sent.shape)[1:] if config.max_batch_size else list(sent.shape)
    fits: Callable[[int, int], bool] = lambda size, dim: dim in (-1, size)  # noqa: E731
    if len(shape) != len(tensor.dims) or not all(map(fits, shape, tensor.dims)):
        yield f"{sent.name} is sent with shape {shape} behind the batch, the config says {list(tensor.dims)}"


def _add_output(answer: Any, config: Any, tensor: Any) -> None:
    shape = [1] * bool(config.max_batch_size) + [max(1, dim) for dim in tensor.dims]
    datatype = type_name(tensor).replace("STRING", "BYTES")
    answer.outputs.add(name=tensor.name, datatype=datatype, shape=shape)
    if datatype == "BYTES":
        content = serialize_byte_tensor(np.full(shape, _TEXT, dtype=np.object_)).item()
    else:
        content = np.ones(shape, dtype=triton_to_np_dtype(datatype)).tobytes()
    answer.raw_output_contents.append(content)
