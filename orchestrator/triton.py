"""The models' Protocols over Triton's gRPC, and its repository API; the only importer of `tritonclient`.

Every call has a deadline; every failure becomes an `errors.InferenceError`. Each streamed request is a gRPC
call of its own: Triton cancels a stream as a whole, so on a shared one a barge-in would stop the neighbours.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import grpc  # type: ignore[import-untyped]
import numpy as np
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tritonclient.grpc import InferResult, service_pb2, service_pb2_grpc
from tritonclient.utils import np_to_triton_dtype, serialize_byte_tensor

from orchestrator.canaries import Canary, canaries
from orchestrator.capabilities import LoadedEngine
from orchestrator.doors import Doors
from orchestrator.errors import BackendLost, InferenceError, InferenceRefused, InferenceTimeout
from orchestrator.grpc_status import failure, failure_in_stream
from orchestrator.inference import (
    PLAIN,
    Audio,
    Detection,
    Generation,
    SpeechChunk,
    Tokens,
    Transcript,
    Transcription,
    Voice,
)
from orchestrator.request_ids import current_request_id
from orchestrator.tensors import (
    end_of_turn_tensors,
    generation_tensors,
    listed_voices,
    outputs_of,
    parameter_of,
    speech_chunk,
    string,
    token_ids,
    tokens,
    transcript,
    transcription_tensors,
)

Result = TypeVar("Result")
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


@dataclass(frozen=True)
class ModelState:
    """As Triton says it: READY, LOADING, UNLOADING, UNAVAILABLE, or "" where never loaded; and why."""

    state: str
    reason: str


class TritonInference:
    """Serves `inference.Inference` from one Triton; while that is away every call raises `BackendLost`.

    Every call is told to `observers` as (model, seconds, error or None), unless its caller gave it up;
    `last_answers` is when each model last answered anything. A model whose door in `doors` is closed is not called.
    `admin_key` opens a restricted repository API.
    """

    def __init__(
        self,
        url: str,
        deadlines: Deadlines | None = None,
        *,
        admin_key: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.observers: list[Observer] = []
        self.last_answers: dict[str, float] = {}
        self.doors = Doors()
        self._configurations: dict[str, str] = {}
        self._url = url
        self._deadlines = deadlines or Deadlines()
        self._admin = ((_ADMIN_KEY_HEADER, admin_key),) if admin_key else ()
        self._clock = clock
        self._channel: Any = None
        self._triton: Any = None

    async def __aenter__(self) -> TritonInference:
        self._channel = grpc.aio.insecure_channel(self._url, options=_CHANNEL)
        self._triton = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._channel.close()

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        probabilities, states = await self.detect_batch(audio[None], state[None])
        return Detection(probabilities[0], states[0])

    async def detect_batch(
        self, audio: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One request for many callers; see `detecting.BatchDetector`."""
        answer = await self.infer("vad", {"AUDIO": audio, "STATE": states}, self._deadlines.detect)
        return answer["SPEECH_PROBABILITY"], answer["STATE"]

    async def end_of_turn(self, audio: Audio) -> float:
        tensors = end_of_turn_tensors(audio)
        answer = await self.infer("end_of_turn", tensors, self._deadlines.end_of_turn)
        return float(answer["PROBABILITY"].flat[0])

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        """Who goes first is decided before Triton: priorities.py."""
        tensors = transcription_tensors(audio, asked)
        return transcript(await self.infer("whisper", tensors, self._deadlines.transcribe))

    async def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        answers = self.stream(
            "tensorrt_llm",
            generation_tensors(generation),
            (self._deadlines.first_token, self._deadlines.between_tokens),
            request_id=generation.request_id,
            outputs=("output_ids", "sequence_length"),
        )
        async with aclosing(answers):
            async for answer in answers:
                if ids := token_ids(answer):
                    yield ids

    async def write(self, generation: Generation) -> AsyncGenerator[Tokens, None]:
        answers = self.stream(
            "tensorrt_llm",
            generation_tensors(generation),
            (self._deadlines.first_written, self._deadlines.between_written),
            request_id=generation.request_id,
            outputs=outputs_of(generation),
        )
        async with aclosing(answers):
            try:
                async for answer in answers:
                    if (written := tokens(answer)).ids:
                        yield written
            except InferenceRefused as error:
                raise InferenceRefused(str(error), field=parameter_of(str(error))) from error

    async def loaded_engine(self) -> LoadedEngine:
        """What stands behind `tensorrt_llm`. Raises: BackendLost, where nothing does."""
        with _translated("tensorrt_llm"):
            asked = self._triton.ModelConfig(
                service_pb2.ModelConfigRequest(name="tensorrt_llm"), metadata=self._admin
            )
            config = (await _within(self._deadlines.connect, asked, "tensorrt_llm")).config
        parameters = {name: value.string_value for name, value in config.parameters.items()}
        return LoadedEngine(frozenset(tensor.name for tensor in config.input), parameters)

    async def synthesize(
        self,
        text: str,
        *,
        voice: str | None = None,
        language: str | None = None,
        speed: float = 1.0,
        ahead_seconds: float = 0.0,  # noqa: ARG002 - who goes first is decided before Triton: priorities.py
    ) -> AsyncGenerator[SpeechChunk, None]:
        tensors = {"TEXT": string(text), "SPEED": np.array([[speed]], dtype=np.float32)}
        tensors |= {"VOICE": string(voice)} if voice is not None else {}
        tensors |= {"LANGUAGE": string(language)} if language is not None else {}
        deadlines = (self._deadlines.first_audio, self._deadlines.between_audio)
        answers = self.stream("tts", tensors, deadlines)
        async with aclosing(answers):
            async for answer in answers:
                if (chunk := speech_chunk(answer)).pcm:
                    yield chunk

    async def voices(self) -> list[Voice]:
        """Every voice that the loaded `tts` model can be asked for."""
        tensors = {"TEXT": string(""), "LIST_VOICES": np.array([[True]])}
        deadlines = (self._deadlines.first_audio, self._deadlines.between_audio)
        answers = self.stream("tts", tensors, deadlines, outputs=("VOICES",))
        async with aclosing(answers):
            return [voice async for answer in answers for voice in listed_voices(answer)]

    async def infer(self, model: str, tensors: Tensors, deadline_seconds: float) -> dict[str, NDArray[Any]]:
        """One request, one answer: every output of `model` by name, with its batch dimension.

        Raises:
            InferenceError: which one, see `grpc_status.failure`.
        """
        with self._reported(model):
            asked = self._triton.ModelInfer(_request(model, tensors))
            answer = await _within(deadline_seconds, asked, model)
        self.last_answers[model] = self._clock()
        return _outputs(answer)

    def canaries(self, deadline_seconds: float) -> dict[str, Canary]:
        """A small real inference for every model; see `canaries.py`."""
        return canaries(self, deadline_seconds)

    async def server_live(self) -> bool:
        """True while Triton answers; says nothing of its models."""
        try:
            with anyio.fail_after(self._deadlines.connect):
                answer = await _cancellable(self._triton.ServerLive(service_pb2.ServerLiveRequest()))
                return bool(answer.live)
        except (TimeoutError, grpc.RpcError):
            return False

    async def models(self) -> dict[str, ModelState]:
        """Every model in the repository, by name."""
        with _translated("the model repository"):
            request = service_pb2.RepositoryIndexRequest()
            asked = self._triton.RepositoryIndex(request, metadata=self._admin)
            index = await _within(self._deadlines.control, asked, "the model repository")
        return {model.name: ModelState(model.state, model.reason) for model in index.models}

    async def unloaded_on_purpose(self, model: str) -> bool:
        """Whether somebody has unloaded `model` through the repository API, this process or another."""
        state = (await self.models()).get(model)
        return state is not None and (state.state, state.reason) == ("UNAVAILABLE", "unloaded")

    async def configuration(self, model: str) -> dict[str, Any]:
        """The configuration of a loaded model, as JSON has it (names as in `config.pbtxt`)."""
        with _translated(model):
            asked = self._triton.ModelConfig(service_pb2.ModelConfigRequest(name=model), metadata=self._admin)
            answer = await _within(self._deadlines.control, asked, model)
        return dict(MessageToDict(answer.config, preserving_proto_field_name=True))

    async def statistics(self) -> dict[str, dict[str, Any]]:
        """What Triton has counted of each loaded model since it was loaded, as JSON has it."""
        with _translated("the statistics"):
            asked = self._triton.ModelStatistics(service_pb2.ModelStatisticsRequest(), metadata=self._admin)
            answer = await _within(self._deadlines.control, asked, "the statistics")
        counted = [MessageToDict(one, preserving_proto_field_name=True) for one in answer.model_stats]
        return {one["name"]: one for one in counted}

    async def server_version(self) -> str:
        """Triton's own version."""
        with _translated("Triton"):
            asked = self._triton.ServerMetadata(service_pb2.ServerMetadataRequest(), metadata=self._admin)
            return str((await _within(self._deadlines.control, asked, "Triton")).version)

    def load_with(self, model: str, configuration: str | None) -> None:
        """From now on `load` gives `model` this configuration (JSON, whole) instead of the repository's own."""
        if configuration is None:
            self._configurations.pop(model, None)
        else:
            self._configurations[model] = configuration

    async def load(self, model: str) -> None:
        """Load `model`, or load it anew; returns when it is ready."""
        with _translated(model):
            request = service_pb2.RepositoryModelLoadRequest(model_name=model)
            if model in self._configurations:
                request.parameters["config"].string_param = self._configurations[model]
            loaded = self._triton.RepositoryModelLoad(request, metadata=self._admin)
            await _within(self._deadlines.load, loaded, model)

    async def unload(self, model: str) -> None:
        """Unload `model` alone, not what depends on it."""
        with _translated(model):
            request = service_pb2.RepositoryModelUnloadRequest(model_name=model)
            unloaded = self._triton.RepositoryModelUnload(request, metadata=self._admin)
            await _within(self._deadlines.load, unloaded, model)

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
                    self.last_answers[model] = self._clock()
                    if answered := _outputs(answer):
                        yield answered
                        wait_seconds = between_seconds
                    if answer.parameters["triton_final_response"].bool_param:
                        return
            finally:
                call.cancel()  # the model sees it within a token; nothing to cancel once the call has ended

    @contextmanager
    def _reported(self, model: str) -> Iterator[None]:
        began = self._clock()
        try:
            with self.doors.through(model), _translated(model):
                yield
        except InferenceError as error:
            self._report(model, began, error)
            raise
        self._report(model, began, None)

    def _report(self, model: str, began: float, error: InferenceError | None) -> None:
        for observe in self.observers:
            observe(model, self._clock() - began, error)


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
