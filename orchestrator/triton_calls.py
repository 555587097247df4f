"""Calls of Triton over gRPC, each with a deadline; every failure becomes an `errors.InferenceError`.

Each streamed request is a gRPC call of its own: Triton cancels a stream as a whole, so on a shared one a barge-in
would stop the neighbours.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import grpc  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferResult, service_pb2, service_pb2_grpc
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor

from orchestrator.doors import Doors
from orchestrator.errors import BackendLost, InferenceError, InferenceTimeout
from orchestrator.grpc_status import failure, failure_in_stream
from orchestrator.request_ids import current_request_id

Result = TypeVar("Result")
Connected = TypeVar("Connected", bound="TritonCalls")
Tensors = Mapping[str, NDArray[Any]]
Observer = Callable[[str, float, "InferenceError | None"], None]

# Triton takes the key of `--grpc-restricted-protocol=model-repository,…:admin-key=KEY` from the header of that name.
_ADMIN_KEY_HEADER = "triton-grpc-protocol-admin-key"
_MAX_MESSAGE_BYTES = 16 * 1024 * 1024
_CHANNEL = [
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),  # also the longest time that one attempt may take
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),  # a restarted pod has a new address
    # A half-open connection is found while calls run; idle pings would be answered with "too many pings".
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 2_000),
    ("grpc.keepalive_permit_without_calls", 0),
]


@dataclass(frozen=True)
class Deadlines:
    """Longest waits in seconds: for one answer, or for the first and each further item of a stream."""

    detect: float = 1.0
    end_of_turn: float = 0.5  # later, the turn has ended without an answer
    transcribe: float = 8.0
    first_token: float = 5.0
    between_tokens: float = 3.0
    first_written: float = 60.0  # for a reader, who waits where a listener would not
    between_written: float = 20.0
    first_audio: float = 5.0
    between_audio: float = 3.0
    connect: float = 1.0
    control: float = 5.0
    load: float = 180.0  # an engine of a large model is read from disk


class TritonCalls:
    """One connection to one Triton; while that is away every call raises `BackendLost`.

    Every call of a model is told to `observers` as (model, seconds, error or None), unless its caller gave it up;
    `last_answers` is when each model last answered anything. A model whose door in `doors` is closed is not called.
    `admin_key` opens a restricted repository API.
    """

    def __init__(self, url: str, deadlines: Deadlines | None = None, *, admin_key: str | None = None) -> None:
        self.observers: list[Observer] = []
        self.last_answers: dict[str, float] = {}
        self.doors = Doors()
        self.deadlines = deadlines or Deadlines()
        self._url = url
        self._admin = ((_ADMIN_KEY_HEADER, admin_key),) if admin_key else ()
        self._channel: Any = None
        self._triton: Any = None

    async def __aenter__(self: Connected) -> Connected:
        self._channel = grpc.aio.insecure_channel(self._url, options=_CHANNEL)
        self._triton = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def infer(self, model: str, tensors: Tensors, deadline_seconds: float) -> dict[str, NDArray[Any]]:
        """One request, one answer: every output of `model` by name, with its batch dimension.

        Raises:
            InferenceError: which one, see `grpc_status.failure`.
        """
        with self._reported(model):
            asked = self._triton.ModelInfer(_request(model, tensors))
            answer = await _within(deadline_seconds, asked, model)
        self.last_answers[model] = time.monotonic()
        return _outputs(answer)

    async def stream(
        self,
        model: str,
        tensors: Tensors,
        deadlines_seconds: tuple[float, float],
        *,
        request_id: str = "",
        outputs: tuple[str, ...] = (),
    ) -> AsyncGenerator[dict[str, NDArray[Any]], None]:
        """Every answer of a decoupled model, as `infer` gives one; deadlines of the first and of each further one.

        Closing it early cancels the request.
        """
        request = _request(model, tensors, request_id, outputs)
        request.parameters["triton_enable_empty_final_response"].bool_param = True
        # Without `triton_grpc_error`, which would give errors a status: Triton 2.51 dies of SIGSEGV when a model
        # sends an error and then, apart from it, its final flag (docs/log.md).
        call = self._triton.ModelStreamInfer(_once(request))
        wait_seconds, between_seconds = deadlines_seconds
        with self._reported(model):
            try:
                while True:
                    answer = await _next(wait_seconds, call, model, tensors)
                    self.last_answers[model] = time.monotonic()
                    if answered := _outputs(answer):
                        yield answered
                        wait_seconds = between_seconds
                    if answer.parameters["triton_final_response"].bool_param:
                        return
            finally:
                call.cancel()  # the model sees it within a token; nothing to cancel once the call has ended

    async def control(
        self, method: str, request: Any, asked_of: str, deadline_seconds: float | None = None
    ) -> Any:
        """The answer of a method that is no inference, named as in the gRPC service; `asked_of` is for the error."""
        call = getattr(self._triton, method)(request, metadata=self._admin)
        with _translated(asked_of):
            return await _within(deadline_seconds or self.deadlines.control, call, asked_of)

    @contextmanager
    def _reported(self, model: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            with self.doors.through(model), _translated(model):
                yield
        except InferenceError as error:
            self._report(model, began, error)
            raise
        self._report(model, began, None)

    def _report(self, model: str, began: float, error: InferenceError | None) -> None:
        for observe in self.observers:
            observe(model, time.monotonic() - began, error)


@contextmanager
def _translated(model: str) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise failure(model, error.code().name, error.details() or "") from error


async def _within(seconds: float, answer: Awaitable[Result], model: str) -> Result:
    try:
        with anyio.fail_after(seconds):
            return await _cancellable(answer)
    except TimeoutError:
        raise InferenceTimeout(f"{model} did not answer within {seconds:g} s; try again") from None


async def _cancellable(answer: Awaitable[Result]) -> Result:
    try:
        return await answer
    except anyio.get_cancelled_exc_class():
        # gRPC raises a cancellation of its own making, which no cancel scope knows as the one it asked for.
        await anyio.lowlevel.checkpoint_if_cancelled()
        raise


async def _next(seconds: float, call: Any, model: str, tensors: Tensors) -> Any:
    answer = await _within(seconds, call.read(), model)
    if answer is grpc.aio.EOF:
        raise BackendLost(f"{model} ended its stream without the final response; try again")
    if answer.error_message:
        raise failure_in_stream(model, answer.error_message, tensors)
    return answer.infer_response


async def _once(request: Any) -> AsyncIterator[Any]:
    yield request


def _request(model: str, tensors: Tensors, request_id: str = "", outputs: Iterable[str] = ()) -> Any:
    request = service_pb2.ModelInferRequest(model_name=model, id=request_id or current_request_id.get())
    for name, tensor in tensors.items():
        request.inputs.add(name=name, shape=tensor.shape, datatype=np_to_triton_dtype(tensor.dtype))
        request.raw_input_contents.append(_raw(tensor))
    for name in outputs:
        request.outputs.add(name=name)
    return request


def _raw(tensor: NDArray[Any]) -> bytes:
    return bytes(serialize_byte_tensor(tensor).item()) if tensor.dtype == np.object_ else tensor.tobytes()


def _outputs(answer: Any) -> dict[str, NDArray[Any]]:
    result = InferResult(answer)
    return {output.name: result.as_numpy(output.name) for output in answer.outputs}
