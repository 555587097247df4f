from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import grpc  # type: ignore[import-untyped]
import numpy as np
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from client.question import DEFAULT_QUESTION, DEFAULT_RECORDING
from client.recording import read_audio
from orchestrator.audio import pcm16_to_audio
from orchestrator.errors import (
    BackendLost,
    InferenceError,
    InferenceOverloaded,
    InferenceRefused,
    InferenceTimeout,
)
from orchestrator.grpc_status import failure, failure_in_stream
from orchestrator.inference import Generation, Sampling, Transcription, fresh_state
from orchestrator.tensors import end_of_turn_tensors, generation_tensors, token_ids, transcription_tensors
from orchestrator.triton import TritonInference
from orchestrator.triton_calls import Deadlines
from tests.conftest import RunningTriton

pytestmark = pytest.mark.anyio

FAST = Deadlines(detect=0.2, first_token=0.3, between_tokens=0.3, connect=0.5)
ASK = Generation("g", [1, 2], end_id=2, pad_id=0, stop_ids=(7, 9), sampling=Sampling(max_tokens=9, seed=3))


class FakeServer(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Streams `tokens`, then does what `then` says; a unary call hangs."""

    def __init__(self, tokens: int = 2, then: str = "final") -> None:
        self._tokens = tokens
        self._then = then
        self.cancelled = anyio.Event()
        self.asked: Any = None

    async def ServerLive(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return service_pb2.ServerLiveResponse(live=True)

    async def ModelInfer(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        await anyio.sleep_forever()

    async def ModelStreamInfer(self, requests: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        self.asked = await requests.__anext__()
        try:
            for token in range(self._tokens):
                yield _tokens_response([token])
            if self._then == "hang":
                await anyio.sleep_forever()
            if self._then == "unavailable":
                await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            if self._then == "final":
                yield _tokens_response([], final=True)
            elif self._then != "end":
                yield service_pb2.ModelStreamInferResponse(error_message=self._then)
        except BaseException:
            self.cancelled.set()
            raise


def _tokens_response(ids: list[int], *, final: bool = False) -> Any:
    response = service_pb2.ModelStreamInferResponse()
    answer = response.infer_response
    answer.parameters["triton_final_response"].bool_param = final
    for name, values in (("output_ids", ids), ("sequence_length", [len(ids)])) if ids else ():
        answer.outputs.add(name=name, datatype="INT32", shape=[1, len(values)])
        answer.raw_output_contents.append(np.array(values, dtype=np.int32).tobytes())
    return response


@asynccontextmanager
async def serving(server: FakeServer) -> AsyncIterator[TritonInference]:
    listener = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(server, listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    await listener.start()
    try:
        async with TritonInference(f"127.0.0.1:{port}", FAST) as inference:
            yield inference
    finally:
        await listener.stop(None)


async def tokens(inference: TritonInference, generation: Generation = ASK) -> list[int]:
    return [token async for piece in inference.generate(generation) for token in piece]


async def collect(inference: TritonInference, into: list[int]) -> None:
    async for piece in inference.generate(ASK):
        into += piece


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses", BackendLost),
        ("UNAVAILABLE", "[request id: 7] Exceeds maximum queue size", InferenceOverloaded),
        ("UNAVAILABLE", "all 4 slots generate and 64 requests wait; try again later", InferenceOverloaded),
        ("INTERNAL", "Stub process 'vad_0_0' is not healthy.", BackendLost),
        ("NOT_FOUND", "Request for unknown model: 'vad' has no available versions", BackendLost),
        ("INVALID_ARGUMENT", "AUDIO: empty", InferenceRefused),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", InferenceTimeout),
        ("INTERNAL", "vad failed; the server's log says why", InferenceError),
    ],
)
def test_each_failure_of_triton_has_its_error(
    status: str, message: str, expected: type[InferenceError]
) -> None:
    error = failure("vad", status, message)
    assert type(error) is expected
    assert str(error).startswith("vad ")


def test_a_message_for_the_user_has_no_traceback() -> None:
    error = failure("vad", "INTERNAL", "[request id: 1] ValueError: odd\n\nAt:\n  /models/vad/1/model.py(7)")
    assert str(error) == "vad failed: ValueError: odd"


def test_in_a_stream_a_refusal_is_known_by_the_name_of_its_tensor() -> None:
    assert isinstance(failure_in_stream("tts", "VOICE 'x' is unknown", {"VOICE"}), InferenceRefused)
    assert not isinstance(failure_in_stream("tts", "no VOICE", {"VOICE"}), InferenceRefused)


def test_only_the_sampling_that_is_set_is_sent() -> None:
    tensors = generation_tensors(ASK)
    assert tensors["seed"].dtype == np.uint64
    assert tensors["request_output_len"].tolist() == [[9]]
    assert tensors["stop_words_list"].tolist() == [[[7, 9], [1, 2]]]
    assert not {"temperature", "runtime_top_p", "runtime_top_k"} & set(tensors)
    assert "stop_words_list" not in generation_tensors(Generation("g", [1], 2, 0))


def test_partial_and_final_transcripts_ask_for_the_same_inputs_and_can_share_a_batch() -> None:
    audio = np.zeros(1_600, np.float32)
    asked = Transcription(partial=True, prefix="so", prompt="Now.", word_timestamps=True)
    partial = transcription_tensors(audio, asked)
    final = transcription_tensors(audio, Transcription("de"))
    assert partial.keys() == final.keys()
    differing = {name: (partial[name].item(), final[name].item()) for name in partial if name != "AUDIO"}
    assert differing == {
        "LANGUAGE": (b"", b"de"),
        "PREFIX": (b"so", b""),
        "PROMPT": (b"Now.", b""),
        "WORD_TIMESTAMPS": (True, False),
        "FALLBACK": (False, True),
        "TASK": (b"transcribe", b"transcribe"),
        "TEMPERATURE": (0.0, 0.0),
    }


def test_no_more_of_a_turn_is_sent_than_is_listened_to() -> None:
    audio = np.arange(9 * 16_000, dtype=np.float32)
    assert end_of_turn_tensors(audio)["AUDIO"].tolist() == [audio[16_000:].tolist()]
    assert end_of_turn_tensors(audio[:512])["AUDIO"].shape == (1, 512)


def test_ids_beyond_the_sequence_length_are_padding() -> None:
    assert token_ids({"output_ids": np.array([[[5, 6, 0]]]), "sequence_length": np.array([[2]])}) == [5, 6]


async def test_a_stream_ends_at_its_final_response() -> None:
    server = FakeServer(tokens=3)
    async with serving(server) as inference:
        assert await tokens(inference) == [0, 1, 2]
        assert inference.last_answers["tensorrt_llm"] > 0
    assert server.asked.id == "g"
    assert server.asked.parameters["triton_enable_empty_final_response"].bool_param


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("hang", InferenceTimeout),
        ("unavailable", BackendLost),
        ("end", BackendLost),
        ("input_ids: 7 is not a token", InferenceRefused),
        ("boom", InferenceError),
    ],
)
async def test_a_stream_that_breaks_gives_its_tokens_and_then_a_typed_error(
    then: str, expected: type[InferenceError]
) -> None:
    got: list[int] = []
    told: list[InferenceError | None] = []
    async with serving(FakeServer(then=then)) as inference:
        inference.observers.append(lambda _model, _seconds, error: told.append(error))
        with pytest.raises(expected):
            await collect(inference, got)
    assert got == [0, 1]
    assert [type(error) for error in told] == [expected]


async def test_closing_a_generation_cancels_it_on_the_server() -> None:
    server = FakeServer(then="hang")
    async with serving(server) as inference:
        stream = inference.generate(ASK)
        await stream.__anext__()
        await stream.aclose()
        with anyio.fail_after(1):
            await server.cancelled.wait()


async def test_cancelling_its_task_cancels_a_generation_on_the_server() -> None:
    server = FakeServer(then="hang")
    async with serving(server) as inference:
        with anyio.move_on_after(0.1) as scope:
            await tokens(inference)
        assert scope.cancelled_caught
        with anyio.fail_after(1):
            await server.cancelled.wait()


async def test_a_cancelled_call_ends_with_its_own_scope() -> None:
    async with serving(FakeServer()) as inference:
        with anyio.move_on_after(0.05) as scope:
            await inference.detect(np.zeros(512, dtype=np.float32), fresh_state())
    assert scope.cancelled_caught


async def test_a_call_that_hangs_times_out_and_says_which_model() -> None:
    async with serving(FakeServer()) as inference:
        with pytest.raises(InferenceTimeout, match=r"vad did not answer within 0\.2 s"):
            await inference.detect(np.zeros(512, dtype=np.float32), fresh_state())


async def test_without_a_server_every_call_is_lost_at_once() -> None:
    async with TritonInference("127.0.0.1:1") as inference:
        assert not await inference.server_live()
        with anyio.fail_after(1), pytest.raises(BackendLost):
            await tokens(inference)
        with anyio.fail_after(1), pytest.raises(BackendLost):
            await inference.load("vad")


@pytest.mark.triton
async def test_every_canary_is_answered(triton: RunningTriton) -> None:
    async with TritonInference(triton.grpc_url) as inference:
        canaries = inference.canaries(10)
        for canary in canaries.values():
            await canary()
        assert set(inference.last_answers) == set(canaries)
        states = await inference.models()
        assert {states[model].state for model in canaries} == {"READY"}


@pytest.mark.triton
async def test_what_is_said_is_heard_and_understood(triton: RunningTriton) -> None:
    audio = pcm16_to_audio(read_audio(DEFAULT_RECORDING, 16_000))
    async with TritonInference(triton.grpc_url) as inference:
        detection = await inference.detect(audio[: len(audio) // 512 * 512], fresh_state())
        transcript = await inference.transcribe(audio)
    assert detection.probabilities.max() > 0.9
    assert detection.state.shape == (320,)
    assert (transcript.text, transcript.language) == (DEFAULT_QUESTION, "en")


@pytest.mark.triton
async def test_a_whole_question_has_ended(triton: RunningTriton) -> None:
    question = pcm16_to_audio(read_audio(DEFAULT_RECORDING, 16_000))
    async with TritonInference(triton.grpc_url) as inference:
        assert await inference.end_of_turn(np.concatenate([question, np.zeros(3_200, np.float32)])) > 0.9


@pytest.mark.triton
async def test_speech_is_synthesised_in_chunks_that_a_listener_can_follow(triton: RunningTriton) -> None:
    async with TritonInference(triton.grpc_url) as inference:
        chunks = [chunk async for chunk in inference.synthesize(DEFAULT_QUESTION)]
    assert 1_000 < sum(chunk.duration_ms for chunk in chunks) < 4_000
    assert all(chunk.duration_ms <= 500 for chunk in chunks)
    assert {chunk.voice for chunk in chunks} == {"en_US-joe-medium"}


@pytest.mark.triton
async def test_more_generations_than_slots_can_be_closed_one_after_the_other(triton: RunningTriton) -> None:
    async with TritonInference(triton.grpc_url) as inference:
        endless = Sampling(max_tokens=1_000)
        with anyio.fail_after(20):
            for number in range(16):
                stream = inference.generate(Generation(f"closed-{number}", [1, 2], -1, 0, sampling=endless))
                assert await stream.__anext__()
                await stream.aclose()


@pytest.mark.triton
async def test_bad_requests_are_refused_again_and_again_and_triton_lives(triton: RunningTriton) -> None:
    async with TritonInference(triton.grpc_url) as inference:
        for _ in range(20):
            with pytest.raises(InferenceRefused, match="input_ids"):
                await tokens(inference, Generation("bad", [10**6], 2, 0))
            with pytest.raises(InferenceRefused, match="VOICE"):
                [chunk async for chunk in inference.synthesize("hello", voice="nobody")]
        with pytest.raises(InferenceRefused, match="AUDIO"):
            await inference.detect(np.zeros(500, dtype=np.float32), fresh_state())
        assert await inference.server_live()


@pytest.mark.triton
async def test_more_generations_than_the_queue_holds_are_overloaded(triton: RunningTriton) -> None:
    outcomes: list[type] = []

    async def one(number: int) -> None:
        try:
            await tokens(
                inference, Generation(f"many-{number}", [1, 2], -1, 0, sampling=Sampling(max_tokens=2))
            )
            outcomes.append(str)
        except InferenceError as error:
            outcomes.append(type(error))

    async with TritonInference(triton.grpc_url) as inference, anyio.create_task_group() as tasks:
        for number in range(160):
            tasks.start_soon(one, number)
    assert set(outcomes) == {str, InferenceOverloaded}
