"""The endpoint over a real socket: uvicorn as the product runs it, the `websockets` client, scripted models."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import numpy as np
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from orchestrator.__main__ import server_config
from orchestrator.audio import audio_to_mulaw, audio_to_pcm16, pcm16_to_audio
from orchestrator.config import Settings
from orchestrator.conversation import VoiceConversations
from orchestrator.errors import BadAudio, InferenceOverloaded, InferenceRefused
from orchestrator.metrics import Metrics
from orchestrator.prompt import ChatTemplate
from orchestrator.scripted import Delays, Fault, Scripted
from orchestrator.store import pragmas
from orchestrator.store.address import FILE, address
from orchestrator.store.store import Store
from orchestrator.websocket import Ears
from tests.orchestrator.recordings import muxed

pytestmark = pytest.mark.anyio

# The silence ends a turn also where nothing says that it is finished.
SPEECH = audio_to_pcm16((0.5 * np.sin(np.arange(15360) * 0.2)).astype(np.float32)) + bytes(2 * 16 * 1300)


class Server:
    """The endpoint on a port of its own."""

    def __init__(self, url: str, endpoint: VoiceConversations, database: Path) -> None:
        self.url = url
        self.database = database
        self.endpoint = endpoint


@asynccontextmanager
async def serving(template: ChatTemplate, models: Scripted, **settings: Any) -> AsyncIterator[Server]:
    process = Settings(tokenizer_dir=Path("unused"), **settings)
    with TemporaryDirectory() as folder:
        store = Store(address(None, Path(folder)))
        async with store.running():
            endpoint = VoiceConversations(process, models, template, Metrics(), store.conversations)
            async with listening(endpoint) as url:
                yield Server(url, endpoint, Path(folder) / FILE)


@asynccontextmanager
async def listening(endpoint: VoiceConversations) -> AsyncIterator[str]:
    app = Starlette(routes=[WebSocketRoute("/voice", endpoint.serve)])
    server = uvicorn.Server(server_config(app, "127.0.0.1", 0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        while not server.started:
            await anyio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/voice"
        server.should_exit = True


async def receive(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next JSON message of that type."""
    with anyio.fail_after(5):
        while True:
            text = await socket.recv()
            message: dict[str, Any] = json.loads(text) if isinstance(text, str) else {}
            if message.get("type") == kind:
                return message


async def closed(socket: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """The close code, and what was said before it."""
    said = []
    with anyio.fail_after(5):
        try:
            while True:
                text = await socket.recv()
                said += [json.loads(text)] if isinstance(text, str) else []
        except ConnectionClosed as error:
            return (error.rcvd.code if error.rcvd else 1006), said


async def test_a_turn_in_base64_and_in_binary_carries_the_same_audio(template: ChatTemplate) -> None:
    async with serving(template, Scripted(replies=["Hello there."])) as server:
        async with connect(server.url) as socket:
            await socket.send(SPEECH)
            first = await receive(socket, "voice_response")
        async with connect(f"{server.url}?output=binary") as socket:
            await socket.send(json.dumps({"type": "audio", "audio": base64.b64encode(SPEECH).decode()}))
            second = await receive(socket, "voice_response")
            pcm = await socket.recv()
    assert "audio" not in second
    assert base64.b64decode(first["audio"]) == pcm
    assert len(pcm) == first["sample_rate"] * first["duration_ms"] / 1000 * 2


@pytest.mark.parametrize(("kind", "container"), [("webm", "webm"), ("ogg", "ogg")])
async def test_a_browsers_recording_is_understood_however_its_messages_cut_it(
    template: ChatTemplate, kind: str, container: str
) -> None:
    recording = muxed(np.concatenate([pcm16_to_audio(SPEECH)] * 2), container)
    models = Scripted(transcripts=["one", "two"])
    quiet = {"turn_taking": {"partial_interval_ms": 10_000}}
    async with (
        serving(template, models, session=quiet) as server,
        connect(f"{server.url}?input={kind}") as socket,
    ):
        for start in range(0, len(recording), 333):
            await socket.send(recording[start : start + 333])
        assert (await receive(socket, "final_transcript"))["text"] == "one"


async def test_mulaw_from_a_telephone_is_understood(template: ChatTemplate) -> None:
    mulaw = audio_to_mulaw(pcm16_to_audio(SPEECH)[::2])
    async with (
        serving(template, Scripted()) as server,
        connect(f"{server.url}?input=mulaw&input_rate=8000") as socket,
    ):
        await socket.send(mulaw)
        assert (await receive(socket, "response_done"))["reason"] == "completed"


async def test_messages_are_numbered_and_timed(template: ChatTemplate) -> None:
    async with serving(template, Scripted()) as server, connect(server.url) as socket:
        await socket.send(SPEECH)
        messages = [json.loads(await socket.recv()) for _ in range(6)]
    assert [message["seq"] for message in messages] == list(range(6))
    times = [message["at_ms"] for message in messages]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "bad_json"),
        ('{"type": "dance"}', "unknown_type"),
        ('{"type": "text"}', "bad_message"),
        ('{"type": "commit"}', "bad_message"),
        ('{"type": "configure", "language": "klingon"}', "bad_setting"),
        ('{"type": "audio", "audio": "?"}', "bad_audio"),
        (b"\x00\x00\x00", "bad_audio"),
    ],
)
async def test_bad_input_is_a_typed_error_and_the_session_goes_on(
    template: ChatTemplate, sent: str | bytes, code: str
) -> None:
    async with serving(template, Scripted()) as server, connect(server.url) as socket:
        await socket.send(sent)
        assert (await receive(socket, "error"))["code"] == code
        await socket.send('{"type": "ping", "id": 7}')
        assert (await receive(socket, "pong"))["id"] == 7
        await socket.send(SPEECH)
        assert (await receive(socket, "response_done"))["reason"] == "completed"


@pytest.mark.parametrize(
    "query",
    ["language=klingon", "input=mp3", "input_rate=1", "session_id=../../etc", "volume=11", "output=smoke"],
)
async def test_a_wrong_query_is_explained_and_closed_with_1008(template: ChatTemplate, query: str) -> None:
    async with serving(template, Scripted()) as server, connect(f"{server.url}?{query}") as socket:
        code, said = await closed(socket)
    assert code == 1008
    assert [message["code"] for message in said] == ["bad_setting"]
    assert query.split("=", maxsplit=1)[0] in said[0]["message"]


async def test_an_unknown_voice_in_the_query_is_refused(template: ChatTemplate) -> None:
    models = Scripted(faults=[Fault("synthesize", 0, InferenceRefused("VOICE: there is no voice 'nobody'"))])
    async with serving(template, models) as server, connect(f"{server.url}?voice=nobody") as socket:
        code, said = await closed(socket)
    assert (code, said[0]["code"]) == (1008, "bad_setting")


async def test_a_ten_megabyte_message_is_closed_with_1009(template: ChatTemplate) -> None:
    async with serving(template, Scripted()) as server, connect(server.url, max_size=None) as socket:
        with suppress(ConnectionClosed):
            await socket.send(bytes(10_000_000))
        assert (await closed(socket))[0] == 1009


async def test_a_session_id_resumes_with_its_history(template: ChatTemplate) -> None:
    async with serving(template, Scripted(transcripts=["hi"])) as server:
        async with connect(server.url) as socket:
            session_id = (await receive(socket, "ready"))["session_id"]
            await socket.send(SPEECH)
            await receive(socket, "response_done")
        async with connect(f"{server.url}?session_id={session_id}") as socket:
            ready = await receive(socket, "ready")
        assert ready["resumed"]
        conversation, _ = await server.endpoint.conversations.open(session_id, "local")
    assert [message["content"] for message in conversation.messages] == ["hi", "Hello."]


async def test_anothers_session_id_is_refused_as_if_it_were_not_there(template: ChatTemplate) -> None:
    async with serving(template, Scripted()) as server:
        theirs, _ = await server.endpoint.conversations.open(None, "bob")
        await theirs.said("my secret")
        async with connect(f"{server.url}?session_id={theirs.id}") as socket:
            code, said = await closed(socket)
    assert (code, [message["code"] for message in said]) == (1008, ["not_found"])


async def test_words_said_while_the_database_is_locked_are_told_and_stored_when_it_is_free(
    template: ChatTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pragmas, "BUSY_MS", 50)
    async with serving(template, Scripted(transcripts=["hi"])) as server, connect(server.url) as socket:
        session_id = (await receive(socket, "ready"))["session_id"]
        blocker = sqlite3.connect(server.database, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        await socket.send(SPEECH)
        assert (await receive(socket, "error"))["code"] == "not_stored"
        assert (await receive(socket, "response_done"))["reason"] == "completed"
        blocker.execute("ROLLBACK")
        conversation, _ = await server.endpoint.conversations.open(session_id, "local")
        with anyio.fail_after(5):
            while not conversation.latest.is_stored:
                await anyio.sleep(0.01)
        await socket.send(SPEECH)
        await receive(socket, "response_done")
        stored = blocker.execute("SELECT content, turn FROM messages ORDER BY id").fetchall()
    assert stored == [("hi", 1), ("Hello.", 1), ("hi", 2), ("Hello.", 2)]


async def test_beyond_the_limit_the_upgrade_is_refused_with_503_and_a_place_is_free_again_after(
    template: ChatTemplate,
) -> None:
    async with serving(template, Scripted(), max_sessions=1) as server:
        async with connect(server.url) as socket:
            await receive(socket, "ready")
            with pytest.raises(InvalidStatus) as refused:
                async with connect(server.url):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["Retry-After"]
        with anyio.fail_after(5):
            while server.endpoint.open_sessions:
                await anyio.sleep(0.01)
        async with connect(server.url) as socket:
            await receive(socket, "ready")


@pytest.mark.parametrize("models", ["slow", "overloaded"])
async def test_while_turns_wait_too_long_newcomers_are_refused_and_those_inside_are_served(
    template: ChatTemplate, models: str
) -> None:
    faults = [Fault("transcribe", call, InferenceOverloaded("full")) for call in range(100)]
    slow = Scripted(delays=Delays(transcribe=0.06)) if models == "slow" else Scripted(faults=faults)
    async with (
        serving(template, slow, admission_wait_ms=50) as server,
        connect(server.url) as socket,
    ):
        for _ in range(4):
            async with connect(server.url):
                pass
            await socket.send(SPEECH)
            await receive(socket, "metrics")
        with pytest.raises(InvalidStatus) as refused:
            async with connect(server.url):
                pass
        assert refused.value.response.status_code == 503
        assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 30
        await socket.send(SPEECH)
        await receive(socket, "metrics")
        rendered, _ = server.endpoint.metrics.render()
    assert b'beautyai_sessions_refused_total{reason="slow"} 1.0' in rendered


async def test_a_client_that_vanishes_leaves_no_session_and_no_call(template: ChatTemplate) -> None:
    models = Scripted(replies=["A very long answer. " * 50])
    async with serving(template, models) as server:
        socket = await connect(server.url)
        await socket.send(SPEECH)
        await receive(socket, "voice_response")
        socket.transport.abort()
        with anyio.fail_after(5):
            while server.endpoint.open_sessions or models.running():
                await anyio.sleep(0.01)


async def test_a_client_that_stops_reading_is_closed_while_another_is_served(
    template: ChatTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.websocket.WRITE_SECONDS", 0.5)
    models = Scripted(replies=["word " * 4000], sample_rate=192_000, seconds_per_character=0.001)
    async with (
        serving(template, models) as server,
        connect(server.url, max_queue=1, close_timeout=0.1) as stuck,
    ):
        await stuck.send('{"type": "text", "text": "talk"}')
        stuck.transport.pause_reading()
        for _ in range(400):
            await stuck.send('{"type": "configure", "system_prompt": "%s"}' % ("x" * 9))
        async with connect(server.url) as other:
            await other.send('{"type": "ping"}')
            await receive(other, "pong")
        with anyio.fail_after(10):
            while server.endpoint.open_sessions:
                await anyio.sleep(0.05)


@pytest.mark.parametrize(
    ("times", "is_told"), [(3.0, True), (0.5, True), (1.0, False), (1.25, False), (40.0, False)]
)
def test_audio_at_another_usual_rate_than_declared_is_told_once(
    monkeypatch: pytest.MonkeyPatch, times: float, is_told: bool
) -> None:
    ears = Ears("pcm16", 16_000)
    told = []
    for number in range(600):
        monkeypatch.setattr("orchestrator.websocket.time.monotonic", lambda now=number * 0.032: now)
        try:
            ears.check_rate(np.zeros(round(512 * times), dtype=np.float32))
        except BadAudio as error:
            told.append(str(error))
    assert [f"input_rate={round(16_000 * times)}" in message for message in told] == [True] * is_told
