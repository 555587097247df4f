"""The wire: what is parsed, what is refused and how, and that docs/protocol.md says the same as the code."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import protocol
from orchestrator.errors import BadAudio, BadJson, ClientError, UnknownType, VoiceError

DOCUMENT = Path(__file__).parents[2] / "docs" / "protocol.md"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_every_client_message_is_parsed() -> None:
    assert protocol.parse('{"type": "commit"}') == protocol.Commit(type="commit")
    assert protocol.parse('{"type": "playback", "turn": 2, "played_ms": 80.5}') == protocol.Playback(
        type="playback", turn=2, played_ms=80.5
    )
    audio = protocol.parse('{"type": "audio", "audio": "AAAB"}')
    assert isinstance(audio, protocol.Audio)
    assert audio.decode() == b"\x00\x00\x01"
    configure = protocol.parse('{"type": "configure", "language": "ar", "generation": {"seed": 1}}')
    assert isinstance(configure, protocol.Configure)
    assert configure.settings == {"language": "ar", "generation": {"seed": 1}}


@pytest.mark.parametrize(
    ("text", "error", "word"),
    [
        ("{", BadJson, "JSON"),
        ("[1]", BadJson, "object"),
        ("[" * 100_000, BadJson, "JSON"),
        ("{}", UnknownType, "commit"),
        ('{"type": "hello"}', UnknownType, "hello"),
        ('{"type": ["commit"]}', UnknownType, "type"),
        ('{"type": "text"}', ClientError, "text"),
        ('{"type": "text", "text": ""}', ClientError, "text"),
        ('{"type": "playback", "turn": -1, "played_ms": 0}', ClientError, "turn"),
        ('{"type": "playback", "turn": 1, "played_ms": NaN}', ClientError, "played_ms"),
        ('{"type": "commit", "now": true}', ClientError, "now"),
    ],
)
def test_a_bad_message_is_refused_with_the_field_at_fault(
    text: str, error: type[VoiceError], word: str
) -> None:
    with pytest.raises(error, match=word) as raised:
        protocol.parse(text)
    assert type(raised.value) is error


def test_audio_that_is_not_base64_is_bad_audio() -> None:
    message = protocol.parse('{"type": "audio", "audio": "not base64!"}')
    assert isinstance(message, protocol.Audio)
    with pytest.raises(BadAudio, match="base64"):
        message.decode()


@given(st.text() | JSON.map(json.dumps))
def test_whatever_arrives_is_a_message_or_a_clients_error(text: str) -> None:
    with suppress(ClientError):
        assert isinstance(protocol.parse(text), protocol.CLIENT_MESSAGES)


def test_audio_travels_as_base64_or_as_the_next_message() -> None:
    message = protocol.VoiceResponse(1, 0, "Hi.", 22050, 10.0, b"\x01\x00")
    text, pcm = protocol.encode(message, seq=3, at_ms=9)
    assert base64.b64decode(json.loads(text)["audio"]) == b"\x01\x00"
    assert pcm is None
    text, pcm = protocol.encode(message, seq=3, at_ms=9, binary=True)
    assert "audio" not in json.loads(text)
    assert pcm == b"\x01\x00"


def documented(section: str) -> dict[str, set[str]]:
    """The message table of a section: type -> the field names in its second column."""
    table = DOCUMENT.read_text().split(f"## {section}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)\??`", fields)) for name, fields in rows}


def test_the_document_lists_every_server_message_with_its_fields() -> None:
    in_code = {
        message.type: {field.name for field in dataclasses.fields(message)}
        for message in protocol.SERVER_MESSAGES
    }
    assert documented("Server to client") == in_code


def test_the_document_lists_every_client_message_with_its_fields() -> None:
    in_code = {
        message.__name__.lower(): set(message.model_fields) - {"type"} for message in protocol.CLIENT_MESSAGES
    }
    assert documented("Client to server") == in_code


def test_the_document_lists_every_error_code() -> None:
    def codes(error: type[VoiceError]) -> set[str]:
        return {error.code}.union(*(codes(child) for child in error.__subclasses__()))

    table = DOCUMENT.read_text().split("## Errors")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == codes(VoiceError)
