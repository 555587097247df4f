"""Every call that the orchestrator makes, sent to a server that knows nothing but the repository's configs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import anyio
import grpc  # type: ignore[import-untyped]
import numpy as np
from tritonclient.grpc import service_pb2_grpc

from orchestrator.errors import InferenceError
from orchestrator.inference import Generation, Sampling, Transcription, fresh_state
from orchestrator.triton import TritonInference
from production.promised import PromisedServer
from production.repository import Configs

_SECONDS = 10.0
_EVERY_SAMPLING = Sampling(
    max_tokens=8,
    temperature=0.7,
    top_p=0.8,
    top_k=20,
    repetition_penalty=1.1,
    presence_penalty=0.5,
    frequency_penalty=0.5,
    min_tokens=1,
    seed=1,
)


async def client_call_problems(configs: Configs) -> list[str]:
    """What the models would refuse of the orchestrator's requests, and what it would miss in their answers."""
    server = PromisedServer(configs)
    async with _served(server) as url, TritonInference(url) as models:
        for name, call in _calls(models).items():
            server.problems += await _problem_of(name, call)
    never = sorted(set(models.canaries(_SECONDS)) - server.asked)
    return [*server.problems, *(f"{model}: no call of the orchestrator was checked" for model in never)]


def _calls(models: TritonInference) -> dict[str, Callable[[], Awaitable[object]]]:
    frame, second = np.zeros(512, np.float32), np.zeros(16_000, np.float32)
    generation = Generation("check", [1, 2], end_id=2, pad_id=0, stop_ids=(3, 4), sampling=_EVERY_SAMPLING)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "detect": lambda: models.detect(frame, fresh_state()),
        "end_of_turn": lambda: models.end_of_turn(second),
        "transcribe": lambda: models.transcribe(
            second, Transcription("en", prefix="so", prompt="before", word_timestamps=True)
        ),
        "translate": lambda: models.transcribe(second, Transcription(task="translate", temperature=0.5)),
        "voices": models.voices,
        "generate": lambda: _drained(models.generate(generation)),
        "write": lambda: _drained(models.write(_every_wish(generation))),
        "synthesize": lambda: _drained(
            models.synthesize("a", voice="en_US-joe-medium", language="en", speed=1.1)
        ),
    }
    return calls | {f"canary of {model}": canary for model, canary in models.canaries(_SECONDS).items()}


def _every_wish(generation: Generation) -> Generation:
    """As text generation asks, with everything that NVIDIA's tensors have for it."""
    sampling = replace(generation.sampling, top_p_decay=0.9, top_p_min=0.1, lora=1)
    return replace(
        generation,
        sampling=sampling,
        bad_words=[[5], [6, 7]],
        json_schema="{}",
        log_probs=True,
        logits=True,
    )


async def _problem_of(name: str, call: Callable[[], Awaitable[object]]) -> list[str]:
    try:
        with anyio.fail_after(_SECONDS):
            await call()
    except (InferenceError, LookupError, ValueError, TypeError, TimeoutError) as error:
        return [f"{name}: the answer that the config promises is not understood: {error!r}"]
    return []


async def _drained(answers: AsyncGenerator[Any, None]) -> None:
    async for _ in answers:
        pass


@asynccontextmanager
async def _served(server: PromisedServer) -> AsyncIterator[str]:
    listener = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(server, listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    await listener.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await listener.stop(None)
