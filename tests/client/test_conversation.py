from __future__ import annotations

import socket

import pytest
from websockets.asyncio.server import ServerConnection, serve

from client.conversation import Conversation, Opening
from client.errors import ConnectionLost, ProtocolError, ServerUnreachable
from client.events import Event, Metrics, Pong, Ready, VoiceResponse
from tests.client.wire_server import REPLY_PCM, WireServer

pytestmark = pytest.mark.anyio


async def until_metrics(conversation: Conversation) -> list[Event]:
    events = []
    async for event in conversation:
        events.append(event)
        if isinstance(event, Metrics):
            break
    return events


@pytest.mark.parametrize("output", ["binary", "base64"])
async def test_both_forms_of_audio_give_the_same_events(wire_server: WireServer, output: str) -> None:
    opening = Opening(output="binary" if output == "binary" else "base64")
    async with Conversation(wire_server.url, opening) as conversation:
        await conversation.send_text("hello")
        events = await until_metrics(conversation)
    assert b"".join(event.pcm for event in events if isinstance(event, VoiceResponse)) == REPLY_PCM
    assert [event.seq for event in events] == list(range(len(events)))


async def test_the_opening_is_the_query(wire_server: WireServer) -> None:
    opening = Opening(language="de", session_id="abc", input="mulaw", input_rate=8_000)
    async with Conversation(wire_server.url, opening) as conversation:
        assert isinstance(await conversation.receive(), Ready)
    assert wire_server.queries == [
        {"language": "de", "session_id": "abc", "input": "mulaw", "input_rate": "8000", "output": "binary"}
    ]


async def test_every_request_arrives_as_the_wire_says(wire_server: WireServer) -> None:
    async with Conversation(wire_server.url) as conversation:
        await conversation.configure({"voice": "joe"})
        await conversation.commit()
        await conversation.interrupt()
        await conversation.report_playback(2, 120.4)
        await conversation.ping()
        await conversation.ping("id")
        pongs = [event async for event in _first(conversation, 3)]
    assert wire_server.received == [
        {"type": "configure", "voice": "joe"},
        {"type": "commit"},
        {"type": "interrupt"},
        {"type": "playback", "turn": 2, "played_ms": 120},
        {"type": "ping"},
        {"type": "ping", "id": "id"},
    ]
    assert [event.id for event in pongs if isinstance(event, Pong)] == [None, "id"]


async def _first(conversation: Conversation, count: int):  # type: ignore[no-untyped-def]
    for _ in range(count):
        yield await conversation.receive()


async def test_a_server_that_is_not_there_is_told_with_what_to_do() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ServerUnreachable, match="make run"):
        async with Conversation(url):
            pass


async def test_a_normal_end_ends_the_iteration_and_any_other_raises() -> None:
    async def close(connection: ServerConnection) -> None:
        code = 1000 if "normal" in str(connection.request) else 1013
        await connection.close(code, "because")

    async with serve(close, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with Conversation(url, Opening(session_id="normal")) as conversation:
            assert [event async for event in conversation] == []
        async with Conversation(url) as conversation:
            with pytest.raises(ConnectionLost, match="1013 because"):
                await conversation.receive()


async def test_audio_that_nobody_announced_is_a_protocol_error() -> None:
    async def send_bytes(connection: ServerConnection) -> None:
        await connection.send(b"\0\0")
        await connection.wait_closed()

    async with serve(send_bytes, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with Conversation(url) as conversation:
            with pytest.raises(ProtocolError, match="without a voice_response"):
                await conversation.receive()


async def test_a_server_that_is_full_says_so_itself(wire_server: WireServer) -> None:
    wire_server.misbehaviour = "full"
    with pytest.raises(ServerUnreachable, match=r"HTTP 503.*all sessions are taken"):
        async with Conversation(wire_server.url):
            pass
