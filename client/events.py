"""What the server says: one frozen class for each message type, and their parsing.

`seq` counts the server's messages from 0; `at_ms` is the time since the session began. A type or a key that
is not known here is kept or ignored, never an error, so that an older client can talk to a newer server.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from types import NoneType
from typing import Any

from client.errors import ProtocolError


@dataclass(frozen=True)
class Event:
    """Anything the server says."""

    seq: int
    at_ms: float


@dataclass(frozen=True)
class Ready(Event):
    """The session is open. `resumed`: its history from an earlier connection is known."""

    session_id: str
    resumed: bool = False
    protocol: int | str = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SpeechStarted(Event):
    """A voice was heard, `audio_ms` into the audio sent."""

    turn: int
    audio_ms: float


@dataclass(frozen=True)
class PartialTranscript(Event):
    """What was understood so far; the first `stable` characters will not change."""

    turn: int
    text: str
    stable: int


@dataclass(frozen=True)
class SpeechStopped(Event):
    """The utterance is over, `audio_ms` into the audio sent."""

    turn: int
    audio_ms: float


@dataclass(frozen=True)
class FinalTranscript(Event):
    """What the user said. `language` is ISO 639-1."""

    turn: int
    text: str
    language: str


@dataclass(frozen=True)
class ResponseText(Event):
    """The next characters of the reply."""

    turn: int
    delta: str


@dataclass(frozen=True)
class VoiceResponse(Event):
    """A chunk of spoken reply.

    `text` is what the piece says, on its first chunk, and empty on the ones that follow. `pcm` is 16-bit
    little-endian mono at `sample_rate` Hz.
    """

    turn: int
    index: int
    text: str
    sample_rate: int
    duration_ms: float
    pcm: bytes = b""


@dataclass(frozen=True)
class Duck(Event):
    """Somebody speaks over the reply: play it softly until `unduck`, or until it is done."""

    turn: int


@dataclass(frozen=True)
class Unduck(Event):
    """It was no interruption: play the reply as before."""

    turn: int


@dataclass(frozen=True)
class ResponseDone(Event):
    """The reply is over; `reason` is `completed`, `interrupted`, `failed` or `empty`."""

    turn: int
    text: str
    reason: str


@dataclass(frozen=True)
class Metrics(Event):
    """Every leg of a turn by its wire name (`first_audio_ms`...); what did not happen is absent."""

    turn: int
    legs: Mapping[str, float]


@dataclass(frozen=True)
class ErrorReported(Event):
    """Something failed; the session goes on unless the connection closes."""

    code: str
    message: str
    retryable: bool = False
    turn: int | None = None


@dataclass(frozen=True)
class Pong(Event):
    """The answer to a `ping`, with its `id`."""

    id: int | str | None = None


@dataclass(frozen=True)
class UnknownEvent(Event):
    """A message of a type that this client does not know; `content` is all of it."""

    type: str
    content: Mapping[str, Any]


EVENT_TYPES: dict[str, type[Event]] = {
    "ready": Ready,
    "speech_started": SpeechStarted,
    "partial_transcript": PartialTranscript,
    "speech_stopped": SpeechStopped,
    "final_transcript": FinalTranscript,
    "response_text": ResponseText,
    "voice_response": VoiceResponse,
    "duck": Duck,
    "unduck": Unduck,
    "response_done": ResponseDone,
    "metrics": Metrics,
    "error": ErrorReported,
    "pong": Pong,
}

# By the annotation as written above: annotations are strings in this module.
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "int | None": (int, NoneType),
    "int | str": (int, str),
    "int | str | None": (int, str, NoneType),
    "Mapping[str, Any]": (dict,),
    "Mapping[str, float]": (dict,),
    "bytes": (bytes,),
}


def _decode_audio(content: dict[str, Any]) -> dict[str, Any]:
    if "audio" not in content:
        return content
    try:
        return {**content, "pcm": base64.b64decode(content["audio"], validate=True)}
    except (TypeError, ValueError, binascii.Error) as error:
        raise ProtocolError(f"voice_response: audio is not base64: {error}") from error


def _collect_legs(content: dict[str, Any]) -> dict[str, Any]:
    numbers = {name: value for name, value in content.items() if type(value) in (int, float)}
    legs = {name: float(value) for name, value in numbers.items() if name not in ("seq", "at_ms", "turn")}
    return {**content, "legs": legs}


_PREPARE: dict[type[Event], Callable[[dict[str, Any]], dict[str, Any]]] = {
    VoiceResponse: _decode_audio,
    Metrics: _collect_legs,
}


def _value(kind: str, content: Mapping[str, Any], wanted: Field[Any]) -> Any:
    if wanted.name not in content:
        raise ProtocolError(f"{kind}: {wanted.name} is missing")
    value = content[wanted.name]
    allowed = _JSON_TYPES[str(wanted.type)]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        raise ProtocolError(f"{kind}: {wanted.name} is {type(value).__name__}, not {wanted.type}")
    return value


def _is_given(content: Mapping[str, Any], wanted: Field[Any]) -> bool:
    required = wanted.default is MISSING and wanted.default_factory is MISSING
    return required or wanted.name in content


def _json_object(message: str) -> dict[str, Any]:
    try:
        content = json.loads(message)
    except ValueError as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise ProtocolError("not a JSON object with a `type`")
    return content


def parse_event(message: str) -> Event:
    """One text message of the server -> its event; of binary-mode audio, `pcm` stays empty.

    Raises:
        ProtocolError: not JSON, or a key is missing or of the wrong type.
    """
    content = _json_object(message)
    kind: str = content["type"]
    event_class = EVENT_TYPES.get(kind)
    if event_class is None:
        return UnknownEvent(content.get("seq", -1), content.get("at_ms", 0.0), kind, content)
    prepare = _PREPARE.get(event_class)
    prepared = prepare(content) if prepare else content
    given = (wanted for wanted in fields(event_class) if _is_given(prepared, wanted))
    return event_class(**{wanted.name: _value(kind, prepared, wanted) for wanted in given})
