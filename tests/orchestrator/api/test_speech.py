"""The stock `openai` client has text read aloud in every format, and Whisper understands it."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from orchestrator.audio import pcm16_to_audio
from orchestrator.encoding import MEDIA_TYPES, PCM_RATE_HZ, AudioFormat, wav_file
from tests.model_repository.word_errors import words
from tests.orchestrator.api.audio_clips import client_of

pytestmark = pytest.mark.triton

TEXT = "The next bus leaves in ten minutes."


@pytest.fixture
def client(api: str) -> openai.OpenAI:
    return client_of(api)


@pytest.mark.parametrize("audio_format", list(MEDIA_TYPES))
def test_speech_in_any_format_is_understood(client: openai.OpenAI, audio_format: AudioFormat) -> None:
    spoken = client.audio.speech.create(
        model="tts-1", voice="en_US-joe-medium", input=TEXT, response_format=audio_format
    )
    assert spoken.response.headers["content-type"] == MEDIA_TYPES[audio_format]
    assert spoken.response.headers["x-voice"] == "en_US-joe-medium"
    content = wav_file(spoken.content, PCM_RATE_HZ) if audio_format == "pcm" else spoken.content
    heard = client.audio.transcriptions.create(file=(f"a.{audio_format}", content), model="whisper-1")
    assert words(heard.text) == words(TEXT)


def test_the_first_sentence_is_sent_while_the_next_are_made(client: openai.OpenAI) -> None:
    long = " ".join([TEXT] * 4)
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="default", input=long, response_format="pcm"
    ) as answer:
        sizes = [len(piece) for piece in answer.iter_bytes()]
    assert len(sizes) > 4
    assert sizes[0] < sum(sizes) / 3


def test_speed_shortens_it(client: openai.OpenAI) -> None:
    def seconds(speed: float) -> float:
        asked: dict[str, Any] = {
            "model": "tts-1",
            "voice": "default",
            "input": TEXT,
            "response_format": "pcm",
        }
        pcm = client.audio.speech.create(**asked, speed=speed).content
        return len(pcm16_to_audio(pcm)) / PCM_RATE_HZ

    assert seconds(2.0) < 0.8 * seconds(1.0)


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"instructions": "Whisper."}, "instructions", "unsupported_parameter"),
        ({"stream_format": "sse"}, "stream_format", "bad_request"),
        ({"voice": "alloy"}, "voice", "inference_refused"),
        ({"voice": {"id": "voice_1234"}}, "voice", "inference_refused"),
        ({"speed": 4.0}, "speed", "bad_request"),
        ({"model": "gpt-4o-mini-tts"}, "model", "bad_request"),
        ({"input": "?!"}, "input", "bad_setting"),
        ({"input": ""}, "input", "bad_request"),
        ({"input": "x" * 4097}, "input", "bad_request"),
        ({"response_format": "midi"}, "response_format", "bad_request"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: openai.OpenAI, changes: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(**{"model": "tts-1", "voice": "default", "input": TEXT, **changes})
    error: Any = caught.value.body
    assert (error["param"], error["code"]) == (param, code)
