"""The `voice_turn` ensemble on the real Triton: a spoken question in, a spoken reply out."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from numpy.typing import NDArray

from tests.model_repository.streaming import Answer, stream

WHISPER_RATE = 16_000
# Piper never says a text twice in the same way, and names that the language model makes up have many spellings.
MAX_WORD_ERROR_RATE = 0.25
QUESTION = "Tell me a short story about a cat."

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
    at = np.arange(0, len(audio), rate / WHISPER_RATE)
    resampled: NDArray[np.float32] = (np.interp(at, np.arange(len(audio)), audio) / 32768).astype(np.float32)
    return resampled


def heard(url: str, audio: NDArray[np.float32]) -> str:
    tensor = grpcclient.InferInput("AUDIO", [1, len(audio)], "FP32")
    tensor.set_data_from_numpy(audio.reshape(1, -1))
    language = grpcclient.InferInput("LANGUAGE", [1, 1], "BYTES")
    language.set_data_from_numpy(np.array([[b"en"]], dtype=np.object_))
    with grpcclient.InferenceServerClient(url) as client:
        text: bytes = client.infer("whisper", [tensor, language]).as_numpy("TEXT").reshape(-1)[0]
    return text.decode()


@pytest.fixture(scope="module")
def question(triton: Any) -> NDArray[np.float32]:
    spoken = stream(triton.grpc_url, "tts", TEXT=QUESTION)
    return for_whisper(spoken.audio(), int(spoken.responses[0][1]["SAMPLE_RATE"][0, 0]))


@pytest.fixture(scope="module")
def answer(triton: Any, question: NDArray[np.float32]) -> Answer:
    return stream(
        triton.grpc_url,
        "voice_turn",
        audio_name="REPLY_AUDIO",
        AUDIO=question,
        LANGUAGE="en",
        MAX_TOKENS=60,
        SEED=5,
    )


def test_a_spoken_question_is_transcribed_and_answered(answer: Answer) -> None:
    assert (answer.error, answer.finals) == ("", 1)
    assert word_error_rate(words(QUESTION), words(answer.strings("TRANSCRIPT")[0])) <= MAX_WORD_ERROR_RATE
    assert len(words("".join(answer.strings("REPLY")))) >= 3


def test_the_audio_says_what_the_reply_says(triton: Any, answer: Answer) -> None:
    rate = int(answer.responses[0][1]["SAMPLE_RATE"][0, 0])
    said = words("".join(answer.strings("REPLY")))
    understood = words(heard(triton.grpc_url, for_whisper(answer.audio(), rate)))
    assert word_error_rate(said, understood) <= MAX_WORD_ERROR_RATE


def test_the_first_audio_is_sent_while_the_reply_is_being_written(answer: Answer) -> None:
    assert answer.responses[0][0] < 0.8 * answer.seconds


def test_silence_is_answered_with_nothing(triton: Any) -> None:
    quiet = np.zeros(WHISPER_RATE, np.float32)
    answer = stream(triton.grpc_url, "voice_turn", audio_name="REPLY_AUDIO", AUDIO=quiet)
    assert (answer.error, answer.finals, answer.strings("REPLY")) == ("", 1, [""])
