"""The question that the tests send, in the containers that clients record, and the stock client to send it with."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import openai

from orchestrator.audio import SAMPLE_RATE, Audio, audio_to_pcm16
from orchestrator.encoding import AudioFormat, encoder_for
from orchestrator.wav import decode_wav
from tests.model_repository.word_errors import words
from tests.orchestrator.recordings import muxed

QUESTION = Path(__file__).parents[3] / "client" / "question.wav"
QUESTION_WORDS = words("What do plants need to grow?")

Container = Literal["wav", "mp3", "m4a", "webm", "ogg", "flac"]
CONTAINERS: tuple[Container, ...] = ("wav", "mp3", "m4a", "webm", "ogg", "flac")


def client_of(url: str) -> openai.OpenAI:
    """The stock client, which tries nothing again."""
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)


def question() -> Audio:
    return decode_wav(QUESTION.read_bytes())


def upload(container: Container, audio: Audio | None = None) -> tuple[str, bytes]:
    """A file for the client: its name and its content."""
    spoken = question() if audio is None else audio
    if container in ("webm", "ogg"):
        return f"a.{container}", muxed(spoken, container)
    if container == "m4a":
        return "a.m4a", muxed(spoken, "mp4", codec="aac")
    audio_format: AudioFormat = container  # type: ignore[assignment]
    encoder = encoder_for(audio_format, SAMPLE_RATE)
    return f"a.{container}", encoder.push(audio_to_pcm16(spoken)) + encoder.flush()


def silence(seconds: float) -> Audio:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)
