"""The stock `openai` client has recordings written down and translated by the real Whisper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest

from orchestrator.wav import decode_wav
from tests.model_repository.word_errors import word_errors, words
from tests.orchestrator.api.audio_clips import (
    CONTAINERS,
    QUESTION,
    QUESTION_WORDS,
    Container,
    client_of,
    question,
    silence,
    upload,
)

pytestmark = pytest.mark.triton

SPANISH = "Las arenas son blanquecinas de grano medio y tiene muy poca asistencia."


@pytest.fixture
def client(api: str) -> openai.OpenAI:
    return client_of(api)


def refusal(client: openai.OpenAI, **changes: Any) -> tuple[int, Any]:
    """The status and the error of a request that is refused."""
    with pytest.raises(openai.APIStatusError) as caught:
        client.audio.transcriptions.create(**{"file": QUESTION, "model": "whisper-1", **changes})
    return caught.value.status_code, caught.value.body


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_recording_in_any_container_is_understood(client: openai.OpenAI, container: Container) -> None:
    heard = client.audio.transcriptions.create(file=upload(container), model="whisper-1")
    assert words(heard.text) == QUESTION_WORDS


def test_text_is_the_words_alone(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(file=QUESTION, model="whisper-1", response_format="text")
    assert words(heard) == QUESTION_WORDS


def test_captions_come_as_subrip_and_as_webvtt(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"file": QUESTION, "model": "whisper-1", "language": "en"}
    subrip = client.audio.transcriptions.create(**asked, response_format="srt")
    number, clock, text, *_ = subrip.splitlines()
    assert (number, clock.split(" --> ")[0], words(text)) == ("1", "00:00:00,000", QUESTION_WORDS)
    webvtt = client.audio.transcriptions.create(**asked, response_format="vtt").splitlines()
    assert (webvtt[0], webvtt[2].split(" --> ")[0], words(webvtt[3])) == (
        "WEBVTT",
        "00:00:00.000",
        QUESTION_WORDS,
    )


def test_verbose_json_has_words_and_segments_with_their_times_in_a_long_recording(
    client: openai.OpenAI,
) -> None:
    recording = np.concatenate([question(), silence(9), question()])
    heard = client.audio.transcriptions.create(
        file=upload("flac", recording),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (heard.language, words(heard.text)) == ("english", 2 * QUESTION_WORDS)
    assert heard.duration == pytest.approx(len(recording) / 16_000, abs=0.01)
    assert heard.segments is not None
    assert heard.words is not None
    second = len(question()) / 16_000 + 9
    assert [segment.start for segment in heard.segments] == [pytest.approx(at, abs=0.4) for at in (0, second)]
    assert [words(word.word) for word in heard.words] == [[word] for word in 2 * QUESTION_WORDS]
    begins = [word.start for word in heard.words]
    assert begins == sorted(begins)
    assert begins[len(QUESTION_WORDS)] == pytest.approx(second, abs=0.4)
    assert heard.words[-1].end <= heard.duration


def test_segments_alone_are_the_default_and_words_alone_can_be_asked_for(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"file": QUESTION, "model": "whisper-1", "response_format": "verbose_json"}
    default = client.audio.transcriptions.create(**asked)
    alone = client.audio.transcriptions.create(**asked, timestamp_granularities=["word"])
    assert (bool(default.segments), bool(default.words)) == (True, False)
    assert (bool(alone.segments), bool(alone.words)) == (False, True)


def test_a_stream_tells_each_passage_and_then_the_whole(client: openai.OpenAI) -> None:
    recording = np.concatenate([question(), silence(3), question()])
    events = list(
        client.audio.transcriptions.create(file=upload("wav", recording), model="whisper-1", stream=True)
    )
    *deltas, done = events
    assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
    assert "".join(event.delta for event in deltas) == done.text  # type: ignore[union-attr]
    assert words(done.text) == 2 * QUESTION_WORDS  # type: ignore[union-attr]


def test_noise_and_silence_have_no_words(client: openai.OpenAI, speech: Path) -> None:
    noises = [
        decode_wav((speech / "nonspeech" / name).read_bytes()) for name in ("dishes.wav", "sb_noise3.wav")
    ]
    heard = client.audio.transcriptions.create(
        file=upload("wav", np.concatenate([silence(2), *noises])), model="whisper-1"
    )
    assert heard.text == ""


def test_another_language_is_detected_written_down_and_translated(
    client: openai.OpenAI, speech: Path
) -> None:
    clip = speech / "other" / "leopard_es.wav"
    heard = client.audio.transcriptions.create(file=clip, model="whisper-1", response_format="verbose_json")
    assert heard.language == "spanish"
    assert word_errors(SPANISH, heard.text) <= 4
    english = client.audio.translations.create(file=clip, model="whisper-1", response_format="verbose_json")
    assert english.language == "english"
    assert "sand" in english.text.lower()


def test_a_third_of_a_minute_of_french_is_written_down_in_windows(
    client: openai.OpenAI, speech: Path
) -> None:
    clip = decode_wav((speech / "other" / "azure_fr-FR_training_audio1.wav").read_bytes())[: 20 * 16_000]
    heard = client.audio.transcriptions.create(
        file=upload("mp3", clip), model="whisper-1", language="fr", response_format="verbose_json"
    )
    assert heard.segments is not None
    assert len(heard.text.split()) > 30
    assert len({segment.seek for segment in heard.segments}) > 1
    assert 18 < heard.segments[-1].end < 20.2


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"file": ("a.wav", b"no sound")}, None, "bad_audio"),
        ({"file": ("a.wav", b"")}, None, "bad_audio"),
        ({"model": "gpt-4o-transcribe"}, "model", "bad_request"),
        ({"language": "klingon"}, "language", "bad_setting"),
        ({"temperature": 1.5}, "temperature", "bad_request"),
        ({"response_format": "diarized_json"}, "response_format", "bad_request"),
        ({"include": ["logprobs"]}, "include", "unsupported_parameter"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities", "unsupported_parameter"),
        ({"stream": True, "response_format": "srt"}, "stream", "unsupported_parameter"),
        ({"extra_body": {"volume": 3}}, "volume", "bad_request"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: openai.OpenAI, changes: dict[str, Any], param: str | None, code: str
) -> None:
    status, error = refusal(client, **changes)
    assert (status, error["param"], error["code"]) == (400, param, code)
    assert error["type"] == "invalid_request_error"


def test_a_temperature_is_honoured(client: openai.OpenAI) -> None:
    heard = client.audio.transcriptions.create(
        file=QUESTION, model="whisper", response_format="verbose_json", temperature=0.3
    )
    assert heard.segments is not None
    assert [segment.temperature for segment in heard.segments] == [pytest.approx(0.3)]
