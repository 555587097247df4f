"""The smallest real inference of every model, to see whether it answers."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from orchestrator.audio import FRAME_SAMPLES, SAMPLE_RATE
from orchestrator.inference import Generation, Inference, Sampling, fresh_state
from orchestrator.tensors import string

Canary = Callable[[], Awaitable[object]]

# A cloud voice must not be asked every few seconds. Text without a letter shows that the model lives, for free.
_SPOKEN_ONE_IN = 20


class Models(Inference, Protocol):
    """The models, also by name and bare tensors."""

    async def infer(
        self, model: str, tensors: Mapping[str, NDArray[Any]], deadline_seconds: float
    ) -> dict[str, NDArray[Any]]: ...

    def stream(
        self, model: str, tensors: Mapping[str, NDArray[Any]], deadlines_seconds: tuple[float, float]
    ) -> AsyncGenerator[dict[str, NDArray[Any]], None]: ...


def canaries(models: Models, deadline_seconds: float) -> dict[str, Canary]:
    """One canary for each model that has its own process; it raises `InferenceError` when the model fails."""
    turn = itertools.count()

    def vad() -> Awaitable[object]:
        # Not `detect`: its deadline passes before Triton says that the model's process is dead.
        tensors = {"AUDIO": np.zeros((1, FRAME_SAMPLES), dtype=np.float32), "STATE": fresh_state()[None]}
        return models.infer("vad", tensors, deadline_seconds)

    def end_of_turn() -> Awaitable[object]:
        silence = np.zeros((1, SAMPLE_RATE // 2), dtype=np.float32)
        return models.infer("end_of_turn", {"AUDIO": silence}, deadline_seconds)

    def whisper() -> Awaitable[object]:
        silence = np.zeros((1, SAMPLE_RATE // 2), dtype=np.float32)
        window = np.ones((1, 1), dtype=np.float32)
        tensors = {"AUDIO": silence, "LANGUAGE": string("en"), "WINDOW_SECONDS": window}
        return models.infer("whisper", tensors, deadline_seconds)

    def tensorrt_llm() -> Awaitable[object]:
        sampling = Sampling(max_tokens=1)
        return _drained(models.generate(Generation(uuid4().hex, [1], end_id=-1, pad_id=0, sampling=sampling)))

    def tts() -> Awaitable[object]:
        return _drained(models.synthesize("." if next(turn) % _SPOKEN_ONE_IN else "a"))

    def preprocessing() -> Awaitable[object]:
        tensors = {"QUERY": string("a"), "REQUEST_OUTPUT_LEN": np.ones((1, 1), dtype=np.int32)}
        return models.infer("preprocessing", tensors, deadline_seconds)

    def postprocessing() -> Awaitable[object]:
        one = np.ones((1, 1), dtype=np.int32)
        tensors = {"TOKENS_BATCH": one[None], "SEQUENCE_LENGTH": one}
        return models.infer("postprocessing", tensors, deadline_seconds)

    def reply() -> Awaitable[object]:
        # An empty transcript is answered without a call of the other models.
        tensors = {"TRANSCRIPT": string("")}
        return _drained(models.stream("reply", tensors, (deadline_seconds, deadline_seconds)))

    every = (vad, end_of_turn, whisper, tensorrt_llm, tts, preprocessing, postprocessing, reply)
    return {canary.__name__: canary for canary in every}


async def _drained(answers: AsyncGenerator[Any, None]) -> None:
    try:
        async for _ in answers:
            pass
    finally:
        await answers.aclose()
