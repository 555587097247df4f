from __future__ import annotations

import builtins
import json
import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from client.recording import read_audio, write_wav
from tests.client.cli.commands import beautyai
from tests.client.test_talk import FakeSoundDevice
from tests.client.wire_server import REPLY, REPLY_PCM, REPLY_RATE, WORDS, WireServer

VOICED = b"\1\1" * 3_200


def free_url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def run(*argv: str) -> int:
    return await anyio.to_thread.run_sync(partial(beautyai, *argv))


@pytest.mark.anyio
async def test_ask_prints_the_reply_and_saves_its_audio(
    wire_server: WireServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "reply.wav"
    assert await run("ask", "hello", "--url", wire_server.url, "--save", str(saved)) == 0
    assert f"BeautyAI : {REPLY}" in capsys.readouterr().out
    assert read_audio(saved, REPLY_RATE) == REPLY_PCM
    assert {"type": "text", "text": "hello"} in wire_server.received


@pytest.mark.anyio
async def test_ask_prints_json_and_nothing_else(
    wire_server: WireServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("--json", "ask", "hello", "--url", wire_server.url) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["reply"], answer["reason"], answer["saved"]) == (REPLY, "completed", None)
    assert answer["legs"]["first_audio_ms"] == 12.5


@pytest.mark.anyio
async def test_the_key_goes_with_the_websocket_and_a_refusal_exits_4(
    wire_server: WireServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wire_server.key = "bai_right"
    assert await run("ask", "hello", "--url", wire_server.url) == 4
    assert "refused the conversation (HTTP 401): this needs a key" in capsys.readouterr().err
    monkeypatch.setenv("BEAUTYAI_API_KEY", "bai_right")
    assert await run("ask", "hello", "--url", wire_server.url) == 0


@pytest.mark.anyio
async def test_a_full_server_exits_7(wire_server: WireServer) -> None:
    wire_server.misbehaviour = "full"
    assert await run("ask", "hello", "--url", wire_server.url) == 7


@pytest.mark.anyio
async def test_ask_speaks_a_recording(
    wire_server: WireServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_wav(tmp_path / "q.wav", VOICED, 16_000)
    options = ("--url", wire_server.url, "--language", "en", "--latencies")
    assert await run("ask", "--wav", str(tmp_path / "q.wav"), *options) == 0
    out = capsys.readouterr().out
    assert f"you      : {WORDS}" in out
    assert "first audio of the reply" in out
    assert wire_server.queries[0]["language"] == "en"


@pytest.mark.anyio
async def test_talk_prints_every_event_as_a_line_of_json(
    wire_server: WireServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", FakeSoundDevice())
    wire_server.misbehaviour = "close"  # after it has heard something
    assert await run("talk", "--json", "--url", wire_server.url) == 1
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in events][:3] == ["Ready", "SpeechStarted", "PartialTranscript"]
    assert events[0]["session_id"] == "s1"


def test_a_server_that_is_not_there_is_one_line_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert beautyai("ask", "hello", "--url", free_url()) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "make run" in error


def test_a_wav_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert beautyai("ask", "--wav", "none.wav") == 6
    assert capsys.readouterr().err.startswith("beautyai: none.wav cannot be read as audio")


@pytest.mark.parametrize("argv", [["ask"], ["ask", "hello", "--wav", "a.wav"], ["talk", "--sing"]])
def test_wrong_usage_exits_2(argv: list[str]) -> None:
    assert beautyai(*argv) == 2


def test_the_address_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = free_url()
    monkeypatch.setenv("BEAUTYAI_URL", url)
    assert beautyai("ask", "hello") == 3
    assert url in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ImportError("no module"), "pip install sounddevice"),
        (OSError("PortAudio library not found"), "apt install libportaudio2"),
    ],
)
def test_talk_without_a_microphone_says_what_to_install(
    error: Exception, advice: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real_import = builtins.__import__

    def without_sounddevice(name: str, *rest: Any, **more: Any) -> Any:
        if name == "sounddevice":
            raise error
        return real_import(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_sounddevice)
    assert beautyai("talk") == 1
    assert advice in capsys.readouterr().err
