"""Events go out as they happen; a client that leaves ends the work, and a fault is told as far as it still can be."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, MutableMapping
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from orchestrator.api.chat import Answering
from orchestrator.api.chat_schema import ChatRequest
from orchestrator.api.event_stream import Emit, EventStream
from orchestrator.capabilities import LoadedEngine
from orchestrator.errors import InferenceError, VoiceError
from orchestrator.history import Conversation
from orchestrator.inference import Generation, Tokens
from orchestrator.parameters import GenerationParameters
from orchestrator.prompt import ChatTemplate
from orchestrator.texts import TextModel

pytestmark = pytest.mark.anyio

Message = MutableMapping[str, Any]


class Client:
    """An ASGI client that leaves after so many events, or never."""

    def __init__(self, events: int = 1000) -> None:
        self.sent: list[Message] = []
        self._events = events
        self._left = anyio.Event()

    async def receive(self) -> Message:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        if len([one for one in self.sent if one.get("body")]) >= self._events:
            self._left.set()

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()


def told(error: VoiceError) -> tuple[str, str | None]:
    return str(error), "error"


async def test_a_client_that_leaves_ends_the_work() -> None:
    ended = anyio.Event()

    async def produce(emit: Emit) -> None:
        try:
            while True:
                await emit("more", None)
                await anyio.lowlevel.checkpoint()
        finally:
            ended.set()

    client = Client(events=3)
    with anyio.fail_after(5):
        await EventStream(produce, told)({}, client.receive, client.send)
    assert ended.is_set()
    assert client.text.count("data: more") < 10


async def test_a_fault_before_the_first_event_is_answered_as_any_other() -> None:
    async def produce(_: Emit) -> None:
        raise InferenceError("broken")

    client = Client()
    with pytest.raises(InferenceError, match="broken"):
        await EventStream(produce, told)({}, client.receive, client.send)
    assert client.sent == []


@pytest.mark.parametrize("fault", [InferenceError("broken"), ValueError("secret")])
async def test_a_fault_after_the_first_event_is_the_last_event(fault: Exception) -> None:
    async def produce(emit: Emit) -> None:
        await emit("one", "delta")
        raise fault

    client = Client()
    await EventStream(produce, told)({}, client.receive, client.send)
    first, last = client.text.strip().split("\n\n")
    assert first == "event: delta\ndata: one"
    assert last.startswith("event: error\ndata: ")
    assert "secret" not in last
    assert client.sent[-1] == {"type": "http.response.body", "body": b""}


class Endless:
    """An engine that says yes until it is let go."""

    def __init__(self, token: int) -> None:
        self.token = token
        self.written = 0

    async def write(self, _: Generation) -> AsyncGenerator[Tokens, None]:
        while True:
            self.written += 1
            yield Tokens([self.token])
            await anyio.lowlevel.checkpoint()

    async def loaded_engine(self) -> LoadedEngine:
        return LoadedEngine(frozenset(), {})


async def test_what_was_sent_before_a_client_left_is_kept_as_cut() -> None:
    template = ChatTemplate(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]))
    engine = Endless(template.plain_ids("yes")[0])
    texts = TextModel(engine, template, 2048, lambda _: None)
    session = Conversation("left", "somebody")
    await session.said("Say yes.")
    parameters = GenerationParameters(max_new_tokens=1000, n=1)
    asked = texts.chat(session.prompt("", ""), parameters)
    answering = Answering(ChatRequest(message="Say yes."), asked, session, "a model")
    client = Client(events=4)
    with anyio.fail_after(5):
        await EventStream(lambda emit: answering.stream(texts, emit), told)({}, client.receive, client.send)
    kept = session.prompt("", "")[-1]
    assert kept["role"] == "assistant"
    assert kept["content"].endswith("…")
    assert client.text.count("event: delta") <= engine.written < 20
