"""The wire: client messages in, server messages out. `docs/protocol.md` describes it and is tested against this file.

Parsing never trusts the peer: every fault becomes a `ClientError` that names the field. Nothing here knows a socket.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orchestrator.errors import BadAudio, BadJson, ClientError, UnknownType

VERSION = 1
MAX_MESSAGE_BYTES = 1 << 20
"""A larger message closes the connection with 1009; at 16 kHz this is 32 s of audio in one message."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Audio(_Message):
    type: Literal["audio"]
    audio: str

    def decode(self) -> bytes:
        """The bytes that `audio` carries; raises BadAudio when it is not base64."""
        try:
            return base64.b64decode(self.audio, validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadAudio(f"audio: not base64 ({error})") from error


class Configure(BaseModel):
    """Any session settings; they are validated by `config.SessionSettings`."""

    model_config = ConfigDict(extra="allow", frozen=True)
    type: Literal["configure"]

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class Text(_Message):
    type: Literal["text"]
    text: str = Field(min_length=1, max_length=8000)


class Commit(_Message):
    type: Literal["commit"]


class Interrupt(_Message):
    type: Literal["interrupt"]


class Playback(_Message):
    type: Literal["playback"]
    turn: int = Field(ge=0)
    played_ms: float = Field(ge=0)


class Ping(_Message):
    type: Literal["ping"]
    id: str | int | None = None


ClientMessage = Audio | Configure | Text | Commit | Interrupt | Playback | Ping
CLIENT_MESSAGES: tuple[type[BaseModel], ...] = (Audio, Configure, Text, Commit, Interrupt, Playback, Ping)
CLIENT_TYPES = tuple(message.__name__.lower() for message in CLIENT_MESSAGES)
_client_message: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)


def parse(text: str) -> ClientMessage:
    """One JSON text message of a client. Raises BadJson, UnknownType or ClientError, each naming the fault."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON: {error}; send one JSON object per text message") from error
    if not isinstance(content, dict):
        raise BadJson("a text message must be a JSON object with a `type`")
    if content.get("type") not in CLIENT_TYPES:
        raise UnknownType(f"type: {str(content.get('type'))[:40]!r} is none of {', '.join(CLIENT_TYPES)}")
    try:
        return _client_message.validate_python(content)
    except ValidationError as error:
        raise ClientError(explain(error, skip=1)) from error


def explain(error: ValidationError, skip: int = 0) -> str:
    """Everything a validation found, as one line: `field: reason; field: reason`."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in fault["loc"][skip:])
        lines.append(f"{field}: {fault['msg']}" if field else fault["msg"])
    return "; ".join(lines)


@dataclass(frozen=True)
class ServerMessage:
    """A JSON message to the client; `seq` and `at_ms` are added when it is encoded."""

    type: ClassVar[str]


@dataclass(frozen=True)
class Ready(ServerMessage):
    type = "ready"
    session_id: str
    resumed: bool
    protocol: int
    settings: dict[str, Any]


@dataclass(frozen=True)
class Configured(ServerMessage):
    type = "configured"
    settings: dict[str, Any]


@dataclass(frozen=True)
class SpeechStarted(ServerMessage):
    """`audio_ms` is the position on the session's own audio clock."""

    type = "speech_started"
    turn: int
    audio_ms: int


@dataclass(frozen=True)
class PartialTranscript(ServerMessage):
    """`stable` is how many leading characters of `text` will not change any more."""

    type = "partial_transcript"
    turn: int
    text: str
    stable: int


@dataclass(frozen=True)
class SpeechStopped(ServerMessage):
    type = "speech_stopped"
    turn: int
    audio_ms: int


@dataclass(frozen=True)
class FinalTranscript(ServerMessage):
    type = "final_transcript"
    turn: int
    text: str
    language: str


@dataclass(frozen=True)
class ResponseText(ServerMessage):
    type = "response_text"
    turn: int
    delta: str


@dataclass(frozen=True)
class VoiceResponse(ServerMessage):
    """One chunk of speech; `text` is the spoken piece's text on its first chunk and empty on the following."""

    type = "voice_response"
    turn: int
    index: int
    text: str
    sample_rate: int
    duration_ms: float
    audio: bytes


@dataclass(frozen=True)
class Duck(ServerMessage):
    """Somebody speaks over the reply: play it softly until `unduck`, or until `response_done`."""

    type = "duck"
    turn: int


@dataclass(frozen=True)
class Unduck(ServerMessage):
    type = "unduck"
    turn: int


Reason = Literal["completed", "interrupted", "failed", "empty", "continued"]


@dataclass(frozen=True)
class ResponseDone(ServerMessage):
    """The end of a turn, exactly once; `text` is what was heard of the reply."""

    type = "response_done"
    turn: int
    text: str
    reason: Reason


@dataclass(frozen=True)
class TurnMetrics(ServerMessage):
    """Every leg of a turn in ms, null where it did not happen. `prepared`: the reply was made ready in the pause."""

    type = "metrics"
    turn: int
    end_silence_ms: float | None = None
    first_partial_ms: float | None = None
    final_transcript_ms: float | None = None
    first_token_ms: float | None = None
    first_audio_ms: float | None = None
    voice_to_voice_ms: float | None = None
    reply_audio_ms: float | None = None
    tokens: int | None = None
    prepared: bool = False


@dataclass(frozen=True)
class Error(ServerMessage):
    type = "error"
    code: str
    message: str
    retryable: bool
    turn: int | None = None


@dataclass(frozen=True)
class Pong(ServerMessage):
    type = "pong"
    id: str | int | None = None


SERVER_MESSAGES: tuple[type[ServerMessage], ...] = (
    Ready, Configured, SpeechStarted, PartialTranscript, SpeechStopped, FinalTranscript, ResponseText,
    VoiceResponse, Duck, Unduck, ResponseDone, TurnMetrics, Error, Pong,
)  # fmt: skip


def encode(message: ServerMessage, *, seq: int, at_ms: int, binary: bool = False) -> tuple[str, bytes | None]:
    """The text message, and the PCM message that follows it in `binary` mode (None where there is none)."""
    content: dict[str, Any] = {"type": message.type, "seq": seq, "at_ms": at_ms}
    for field in dataclasses.fields(message):
        content[field.name] = getattr(message, field.name)
    pcm: bytes | None = content.pop("audio", None)
    if pcm is not None and not binary:
        content["audio"] = base64.b64encode(pcm).decode("ascii")
        pcm = None
    return json.dumps(content, ensure_ascii=False), pcm
