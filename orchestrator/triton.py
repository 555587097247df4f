"""The models' Protocols over Triton's gRPC."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np
from numpy.typing import NDArray

from orchestrator.canaries import Canary, canaries
from orchestrator.errors import InferenceRefused
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
from orchestrator.triton_server import TritonServer


class TritonInference(TritonServer):
    """Serves `inference.Inference` from one Triton."""

    async def detect(self, audio: Audio, state: NDArray[np.float32]) -> Detection:
        probabilities, states = await self.detect_batch(audio[None], state[None])
        return Detection(probabilities[0], states[0])

    async def detect_batch(
        self, audio: NDArray[np.float32], states: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One request for many callers; see `detecting.BatchDetector`."""
        answer = await self.infer("vad", {"AUDIO": audio, "STATE": states}, self.deadlines.detect)
        return answer["SPEECH_PROBABILITY"], answer["STATE"]

    async def end_of_turn(self, audio: Audio) -> float:
        tensors = end_of_turn_tensors(audio)
        answer = await self.infer("end_of_turn", tensors, self.deadlines.end_of_turn)
        return float(answer["PROBABILITY"].flat[0])

    async def transcribe(self, audio: Audio, asked: Transcription = PLAIN) -> Transcript:
        """Who goes first is decided before Triton: priorities.py."""
        tensors = transcription_tensors(audio, asked)
        return transcript(await self.infer("whisper", tensors, self.deadlines.transcribe))

    async def generate(self, generation: Generation) -> AsyncGenerator[list[int], None]:
        answers = self.stream(
            "tensorrt_llm",
            generation_tensors(generation),
            (self.deadlines.first_token, self.deadlines.between_tokens),
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
            (self.deadlines.first_written, self.deadlines.between_written),
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
        deadlines = (self.deadlines.first_audio, self.deadlines.between_audio)
        answers = self.stream("tts", tensors, deadlines)
        async with aclosing(answers):
            async for answer in answers:
                if (chunk := speech_chunk(answer)).pcm:
                    yield chunk

    async def voices(self) -> list[Voice]:
        """Every voice that the loaded `tts` model can be asked for."""
        tensors = {"TEXT": string(""), "LIST_VOICES": np.array([[True]])}
        deadlines = (self.deadlines.first_audio, self.deadlines.between_audio)
        answers = self.stream("tts", tensors, deadlines, outputs=("VOICES",))
        async with aclosing(answers):
            return [voice async for answer in answers for voice in listed_voices(answer)]

    def canaries(self, deadline_seconds: float) -> dict[str, Canary]:
        """A small real inference for every model; see `canaries.py`."""
        return canaries(self, deadline_seconds)
