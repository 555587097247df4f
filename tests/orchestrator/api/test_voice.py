"""`/api/v1/voice`: what there is, single steps, and a whole turn, on the real models."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from orchestrator.wav import decode_wav
from tests.model_repository.word_errors import words
from tests.orchestrator.api.audio_clips import QUESTION, QUESTION_WORDS, silence
from tests.orchestrator.recordings import wav

pytestmark = pytest.mark.triton

VOICE = "en_US-joe-medium"


@pytest.fixture
def client(api: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=f"{api}/api/v1", timeout=60) as client:
        yield client


def question() -> dict[str, Any]:
    return {"file": ("question.wav", QUESTION.read_bytes())}


def test_every_endpoint_that_is_listed_is_there(client: httpx2.Client, api: str) -> None:
    listed = client.get("/voice/endpoints").json()["endpoints"]
    described = httpx2.get(f"{api}/openapi.json").json()["paths"]
    http = {(each["path"], each["method"].lower()) for each in listed if each["method"] != "WEBSOCKET"}
    assert ("/api/v1/voice/turn", "post") in http
    assert ("/v1/audio/speech", "post") in http
    assert all(method in described[path] for path, method in http)
    assert [each["path"] for each in listed if each["method"] == "WEBSOCKET"] == ["/ws/voice-conversation"]


def test_the_voices_that_are_loaded_are_listed_by_language_and_gender(client: httpx2.Client) -> None:
    def names(**query: str) -> list[str]:
        return [voice["name"] for voice in client.get("/voice/voices", params=query).json()["voices"]]

    (voice,) = client.get("/voice/voices").json()["voices"]
    assert voice == {"name": VOICE, "language": "en-us", "gender": "male", "engine": "piper", "default": True}
    assert names(language="en") == names(language="en_US") == names(gender="male") == [VOICE]
    assert names(language="en-gb") == names(language="ar") == names(gender="female") == []


def test_a_gender_that_there_is_not_is_refused(client: httpx2.Client) -> None:
    answer = client.get("/voice/voices", params={"gender": "loud"})
    assert (answer.status_code, answer.json()["field"]) == (422, "gender")


def test_health_names_the_models_that_a_conversation_needs(client: httpx2.Client) -> None:
    answer = client.get("/health/voice")
    assert set(answer.json()["models"]) == {"vad", "end_of_turn", "whisper", "tensorrt_llm", "tts"}
    assert answer.json()["status"] == ("ok" if answer.status_code == 200 else "unavailable")


def test_a_recording_is_transcribed_with_its_passages(client: httpx2.Client) -> None:
    heard = client.post("/voice/transcribe", files=question()).json()
    assert (words(heard["text"]), heard["language"]) == (QUESTION_WORDS, "en")
    assert heard["passages"] == [{"text": heard["text"], "start": 0.0, "end": heard["duration_seconds"]}]


def test_text_is_read_aloud_as_audio_or_as_json(client: httpx2.Client) -> None:
    asked = {"text": "Good morning.", "language": "en", "format": "wav"}
    audio = client.post("/voice/synthesize", json=asked)
    assert (audio.headers["content-type"], audio.headers["x-voice"]) == ("audio/wav", VOICE)
    told = client.post("/voice/synthesize", json=asked, headers={"Accept": "application/json"}).json()
    assert told["voice"] == VOICE
    for content in (audio.content, b64decode(told["audio"])):
        assert len(decode_wav(content)) / 16 == pytest.approx(told["duration_ms"], rel=0.2)


def test_a_turn_goes_on_with_its_session(client: httpx2.Client) -> None:
    answer = client.post("/voice/turn", files=question())
    assert answer.status_code == 200, answer.text
    first = answer.json()
    assert words(first["transcript"]) == QUESTION_WORDS
    assert (first["language"], first["voice"]) == ("en", VOICE)
    assert first["reply"]
    assert len(decode_wav(b64decode(first["audio"]))) / 16 == pytest.approx(first["duration_ms"], rel=0.01)
    same = {"session_id": first["session_id"]}
    second = client.post("/voice/turn", files=question(), data=same, headers={"Accept": "audio/wav"})
    assert second.headers["content-type"] == "audio/wav", second.text
    assert second.headers["x-session-id"] == first["session_id"]
    assert words(unquote(second.headers["x-transcript"])) == QUESTION_WORDS
    assert len(decode_wav(second.content)) > 8000


@pytest.mark.parametrize(
    ("form", "content", "status", "code", "field"),
    [
        ({}, wav(silence(1)), 422, "nothing_said", "file"),
        ({}, b"no sound", 400, "bad_audio", None),
        ({"volume": "3"}, wav(silence(1)), 422, "bad_request", "volume"),
        ({"language": "klingon"}, wav(silence(1)), 422, "bad_setting", "language"),
        ({"session_id": "a b"}, wav(silence(1)), 422, "bad_request", "session_id"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_turn_that_cannot_be_taken_is_a_problem(
    client: httpx2.Client, form: dict[str, str], content: bytes, status: int, code: str, field: str | None
) -> None:
    answer = client.post("/voice/turn", files={"file": ("a.wav", content)}, data=form)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("field")) == (status, code, field)
