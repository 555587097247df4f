from __future__ import annotations

import time

import pytest

from client.ask import ask
from client.conversation import Conversation
from client.errors import ConnectionLost, NoAnswer, ProtocolError, ServerFault
from client.events import Event, FinalTranscript, PartialTranscript
from tests.client.wire_server import REPLY, REPLY_PCM, REPLY_RATE, WORDS, WireServer

pytestmark = pytest.mark.anyio

VOICED = b"\1\1" * 3_200  # 200 ms at 16 kHz
PAUSE = bytes(2 * 3_200)
PATIENCE_S = 1.0


async def test_a_spoken_question_is_answered_and_played(wire_server: WireServer) -> None:
    seen: list[Event] = []
    async with Conversation(wire_server.url) as conversation:
        answer = await ask(conversation, VOICED, on_event=seen.append)
    assert (answer.transcript, answer.reply, answer.reason) == (WORDS, REPLY, "completed")
    assert (answer.pcm, answer.sample_rate) == (REPLY_PCM, REPLY_RATE)
    assert answer.legs["first_audio_ms"] == 12.5
    assert [type(event) for event in seen if isinstance(event, PartialTranscript | FinalTranscript)] == [
        PartialTranscript,
        FinalTranscript,
    ]


async def test_the_time_seen_from_here_counts_from_the_last_sample(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        answer = await ask(conversation, VOICED)
    assert answer.voice_to_voice_ms is not None
    assert 80 < answer.voice_to_voice_ms < 400  # the server waits for 100 ms of silence


async def test_asking_takes_as_long_as_speaking_and_hearing(wire_server: WireServer) -> None:
    started_s = time.monotonic()
    async with Conversation(wire_server.url) as conversation:
        await ask(conversation, VOICED)
    assert time.monotonic() - started_s > 0.2 + 0.1 + 0.2  # voice, silence, reply


async def test_the_microphone_goes_on_after_the_question(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        await ask(conversation, VOICED)
    assert wire_server.audio_bytes > len(VOICED) + 2 * 16 * 250


async def test_the_played_position_is_reported(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        await ask(conversation, VOICED)
        await ask(conversation, VOICED)
    played = [message for message in wire_server.received if message["type"] == "playback"]
    assert played
    assert all(0 <= message["played_ms"] <= 200 for message in played)


async def test_a_typed_question_needs_no_audio(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        answer = await ask(conversation, "hello")
    assert (answer.transcript, answer.reply) == ("", REPLY)
    assert wire_server.audio_bytes == 0


async def test_a_recording_of_two_utterances_is_heard_to_its_end(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        answer = await ask(conversation, VOICED + PAUSE + VOICED)
    assert answer.transcript == f"{WORDS} {WORDS}"
    assert answer.reply == f"{REPLY} {REPLY}"


async def test_a_turn_without_words_ends_too(wire_server: WireServer) -> None:
    wire_server.misbehaviour = "empty"
    async with Conversation(wire_server.url) as conversation:
        answer = await ask(conversation, VOICED)
    assert (answer.transcript, answer.reason, answer.voice_to_voice_ms) == ("", "empty", None)


@pytest.mark.parametrize(
    ("misbehaviour", "error", "complaint"),
    [
        ("deaf", NoAnswer, "heard no voice"),
        ("mute", NoAnswer, "sent no transcript within 1 s"),
        ("fail", ServerFault, "backend_lost: Triton is gone"),
        ("fatal", ServerFault, "backend_lost: Triton is gone"),
        ("refuse", ServerFault, "bad_audio: too fast"),
        ("close", ConnectionLost, "1011 the server is stopping"),
        ("garbage", ProtocolError, "final_transcript: turn is missing"),
    ],
)
async def test_every_failure_is_told_by_what_is_missing(
    wire_server: WireServer, misbehaviour: str, error: type[Exception], complaint: str
) -> None:
    wire_server.misbehaviour = misbehaviour
    async with Conversation(wire_server.url) as conversation:
        with pytest.raises(error, match=complaint):
            await ask(conversation, VOICED, patience_s=PATIENCE_S)


async def test_an_error_that_does_not_end_the_turn_does_not_end_the_question(wire_server: WireServer) -> None:
    wire_server.misbehaviour = "grumble"
    async with Conversation(wire_server.url) as conversation:
        assert (await ask(conversation, VOICED)).reply == REPLY


async def test_the_next_question_on_the_same_connection_is_answered(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        first = await ask(conversation, VOICED)
        second = await ask(conversation, VOICED)
    assert first.pcm == second.pcm
    assert second.transcript == WORDS
