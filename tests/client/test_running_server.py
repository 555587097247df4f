from __future__ import annotations

from pathlib import Path

import pytest

from client.ask import ask
from client.conversation import SAMPLE_RATE, Conversation, Opening
from client.events import Event, PartialTranscript
from client.question import DEFAULT_QUESTION, DEFAULT_RECORDING
from client.recording import BYTES_PER_SAMPLE, read_audio
from tests.client.test_demo import demo
from tests.conftest import RunningServer

pytestmark = [pytest.mark.anyio, pytest.mark.triton]


@pytest.mark.parametrize("output", ["binary", "base64"])
async def test_a_spoken_question_is_understood_and_answered_aloud(server: RunningServer, output: str) -> None:
    question = read_audio(DEFAULT_RECORDING, SAMPLE_RATE)
    seen: list[Event] = []
    opening = Opening(output="binary" if output == "binary" else "base64")
    async with Conversation(server.ws_url, opening) as conversation:
        await conversation.configure({"generation": {"max_tokens": 24}})
        answer = await ask(conversation, question, on_event=seen.append)
    assert answer.transcript == DEFAULT_QUESTION
    assert answer.language == "en"
    assert answer.reply
    assert len(answer.pcm) / BYTES_PER_SAMPLE / answer.sample_rate > 0.3
    assert answer.legs["voice_to_voice_ms"] > answer.legs["end_silence_ms"] > 0
    assert any(isinstance(event, PartialTranscript) for event in seen)
    assert [event.seq for event in seen] == list(range(seen[0].seq, seen[0].seq + len(seen)))


async def test_a_typed_question_is_answered_aloud(server: RunningServer) -> None:
    async with Conversation(server.http_url) as conversation:
        await conversation.configure({"generation": {"max_tokens": 24}})
        answer = await ask(conversation, "Hello, how are you?")
    assert answer.reply
    assert answer.pcm


async def test_the_demo_asks_the_running_server(server: RunningServer, tmp_path: Path) -> None:
    addresses = {"BEAUTYAI_URL": server.ws_url, "BEAUTYAI_TRITON_URL": server.grpc_url}
    status, out, err = await demo(tmp_path, WAV="", QUESTION="", **addresses)
    assert (status, err) == (0, "")
    assert f"transcript (en): {DEFAULT_QUESTION}" in out
    assert (tmp_path / "reply.wav").stat().st_size > SAMPLE_RATE


async def test_the_tts_model_is_named_when_there_is_nothing_to_say(
    server: RunningServer, tmp_path: Path
) -> None:
    addresses = {"BEAUTYAI_URL": server.ws_url, "BEAUTYAI_TRITON_URL": server.grpc_url}
    status, _, err = await demo(tmp_path, WAV="", QUESTION="...", **addresses)
    assert status == 1
    assert "nothing to say in '...'" in err
