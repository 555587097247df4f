from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from client.errors import ProtocolError
from client.events import (
    EVENT_TYPES,
    Duck,
    ErrorReported,
    Event,
    FinalTranscript,
    Metrics,
    PartialTranscript,
    Pong,
    Ready,
    ResponseDone,
    ResponseText,
    SpeechStarted,
    SpeechStopped,
    Unduck,
    UnknownEvent,
    VoiceResponse,
    parse_event,
)

PCM = b"\x01\x00\xff\x7f"

MESSAGES: list[tuple[dict[str, Any], Event]] = [
    (
        {"type": "ready", "session_id": "a", "resumed": True, "protocol": 1, "settings": {"language": "en"}},
        Ready(3, 1.5, "a", True, 1, {"language": "en"}),
    ),
    ({"type": "speech_started", "turn": 0, "audio_ms": 320}, SpeechStarted(3, 1.5, 0, 320)),
    (
        {"type": "partial_transcript", "turn": 0, "text": "what is", "stable": 4},
        PartialTranscript(3, 1.5, 0, "what is", 4),
    ),
    ({"type": "speech_stopped", "turn": 0, "audio_ms": 1200.5}, SpeechStopped(3, 1.5, 0, 1200.5)),
    (
        {"type": "final_transcript", "turn": 0, "text": "wie geht's", "language": "de"},
        FinalTranscript(3, 1.5, 0, "wie geht's", "de"),
    ),
    ({"type": "response_text", "turn": 0, "delta": " Pa"}, ResponseText(3, 1.5, 0, " Pa")),
    (
        {
            "type": "voice_response",
            "turn": 0,
            "index": 1,
            "text": "",
            "sample_rate": 22050,
            "duration_ms": 0.1,
            "audio": base64.b64encode(PCM).decode(),
        },
        VoiceResponse(3, 1.5, 0, 1, "", 22050, 0.1, PCM),
    ),
    ({"type": "duck", "turn": 4}, Duck(3, 1.5, 4)),
    ({"type": "unduck", "turn": 4}, Unduck(3, 1.5, 4)),
    (
        {"type": "response_done", "turn": 0, "text": "Paris", "reason": "completed"},
        ResponseDone(3, 1.5, 0, "Paris", "completed"),
    ),
    (
        {"type": "metrics", "turn": 0, "first_audio_ms": 210.5, "tokens": 9, "first_token_ms": None},
        Metrics(3, 1.5, 0, {"first_audio_ms": 210.5, "tokens": 9.0}),
    ),
    (
        {"type": "error", "code": "bad_json", "message": "no", "retryable": False},
        ErrorReported(3, 1.5, "bad_json", "no", False, None),
    ),
    (
        {"type": "error", "code": "overloaded", "message": "full", "retryable": True, "turn": 2},
        ErrorReported(3, 1.5, "overloaded", "full", True, 2),
    ),
    ({"type": "pong", "id": "x"}, Pong(3, 1.5, "x")),
    ({"type": "pong"}, Pong(3, 1.5, None)),
]


def test_the_cases_below_cover_every_type_of_message() -> None:
    assert {message["type"] for message, _ in MESSAGES} == set(EVENT_TYPES)


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_a_message_becomes_its_event(message: dict[str, Any], event: Event) -> None:
    assert parse_event(json.dumps({**message, "seq": 3, "at_ms": 1.5})) == event


@pytest.mark.parametrize(("message", "event"), MESSAGES)
def test_an_unknown_key_is_ignored(message: dict[str, Any], event: Event) -> None:
    assert parse_event(json.dumps({**message, "seq": 3, "at_ms": 1.5, "tomorrow": "yes"})) == event


def test_an_unknown_type_is_kept_whole() -> None:
    event = parse_event('{"type": "emotion", "seq": 4, "at_ms": 2, "mood": "glad"}')
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.content["mood"]) == ("emotion", "glad")


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"seq": 1}', "`type`"),
        ('{"type": "response_text", "seq": 1, "at_ms": 0, "turn": 0}', "delta is missing"),
        ('{"type": "response_text", "seq": 1, "at_ms": 0, "turn": "0", "delta": ""}', "turn is str, not int"),
        ('{"type": "speech_started", "seq": 1, "at_ms": 0, "turn": true, "audio_ms": 1}', "turn is bool"),
        ('{"type": "pong", "at_ms": 0}', "seq is missing"),
    ],
)
def test_a_broken_message_is_told_by_its_key(message: str, complaint: str) -> None:
    with pytest.raises(ProtocolError, match=complaint):
        parse_event(message)


def test_audio_that_is_not_base64_is_an_error_of_the_server() -> None:
    message = {"type": "voice_response", "seq": 1, "at_ms": 0, "turn": 0, "index": 0, "text": ""}
    with pytest.raises(ProtocolError, match="base64"):
        parse_event(json.dumps({**message, "sample_rate": 1, "duration_ms": 1, "audio": "%%%"}))
