"""The `voice_turn` ensemble on the real Triton: a spoken question in, a spoken reply out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from numpy.typing import NDArray

from client.question import DEFAULT_QUESTION, DEFAULT_RECORDING
from client.recording import read_audio, resample
from tests.model_repository.streaming import Answer, stream

WHISPER_RATE = 16_000
# Piper never says a text twice in the same way, and names that the language model makes up have many spellings.
MAX_WORD_ERROR_RATE = 0.25
pytestmark = pytest.mark.triton


def words(text: str) -> list[str]:
    return re.sub(r"[^\w' ]", " ", text.lower()).split()


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Levenshtein distance in words over the number of words said."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1] / max(1, len(said))


def for_whisper(audio: NDArray[np.int16], rate: int) -> NDArray[np.float32]:
    return np.frombuffer(resample(audio.tobytes(), rate, WHISPER_RATE), "<i2") / np.float32(32_768)


def heard(url: str, audio: NDArray[np.float32]) -> str:
    tensor = grpcclient.InferInput("AUDIO", [1, len(audio)], "FP32")
    tensor.set_data_from_numpy(audio.reshape(1, -1))
    language = grpcclient.InferInput("LANGUAGE", [1, 1], "BYTES")
    language.set_data_from_numpy(np.array([[b"en"]], dtype=np.object_))
    with grpcclient.InferenceServerClient(url) as client:
        text: bytes = client.infer("whisper", [tensor, language]).as_numpy("TEXT").reshape(-1)[0]
    return text.decode()


@pytest.fixture(scope="module")
def question() -> NDArray[np.float32]:
    pcm = read_audio(DEFAULT_RECORDING, WHISPER_RATE)
    return np.frombuffer(pcm, "<i2") / np.float32(32_768)


@pytest.fixture(scope="module")
def answer(triton: Any, question: NDArray[np.float32]) -> Answer:
    return stream(
        triton.grpc_url,
        "voice_turn",
        audio_name="REPLY_AUDIO",
        AUDIO=question,
        LANGUAGE="en",
        MAX_TOKENS=60,
    )


def test_a_spoken_question_is_transcribed_and_answered(answer: Answer) -> None:
    assert (answer.error, answer.finals) == ("", 1)
    assert answer.strings("TRANSCRIPT")[0] == DEFAULT_QUESTION
    assert len(words("".join(answer.strings("REPLY")))) >= 3


def test_the_audio_says_what_the_reply_says(triton: Any, answer: Answer) -> None:
    rate = int(answer.responses[0][1]["SAMPLE_RATE"][0, 0])
    said = words("".join(answer.strings("REPLY")))
    understood = words(heard(triton.grpc_url, for_whisper(answer.audio(), rate)))
    assert word_error_rate(said, understood) <= MAX_WORD_ERROR_RATE


def test_the_first_audio_is_sent_while_the_reply_is_being_written(triton: Any) -> None:
    at_length = '[{"role": "system", "content": "You are a helpful assistant who tells long stories."}]'
    answer = stream(
        triton.grpc_url, "reply", TRANSCRIPT="Tell me about the sea.", MESSAGES=at_length, MAX_TOKENS=100
    )
    assert len([piece for piece in answer.strings("REPLY") if piece]) > 2
    assert answer.responses[0][0] < 0.8 * answer.seconds


def test_silence_is_answered_with_nothing(triton: Any) -> None:
    quiet = np.zeros(WHISPER_RATE, np.float32)
    answer = stream(triton.grpc_url, "voice_turn", audio_name="REPLY_AUDIO", AUDIO=quiet)
    assert (answer.error, answer.finals, answer.strings("REPLY")) == ("", 1, [""])
