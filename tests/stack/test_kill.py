"""A killed orchestrator: what it acknowledged is there when it runs again, in every session, and the talk goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import httpx2
import pytest

from client.conversation import Conversation, Opening
from client.errors import ClientError
from client.events import Ready, ResponseDone
from embedded import ports
from embedded.settings import REPOSITORY_ROOT
from tests.conftest import RunningTriton

pytestmark = [pytest.mark.anyio, pytest.mark.triton]

CHATS = 50
ACKNOWLEDGED_TURNS = 60
SHORT = {"speed": 2, "generation": {"max_tokens": 2, "temperature": 0}}


class Chat:
    """One session, and the turns of it that were acknowledged: what was said and what was heard."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.session_id = ""
        self.acknowledged: list[str] = []

    async def talk(self, url: str, acknowledge: Callable[[], None]) -> None:
        """Until the orchestrator is gone."""
        with suppress(ClientError):
            async with Conversation(url) as conversation:
                await conversation.configure(SHORT)
                said = f"I am number {self.number}."
                await conversation.send_text(said)
                async for event in conversation:
                    if isinstance(event, Ready):
                        self.session_id = event.session_id
                    if isinstance(event, ResponseDone):
                        self.acknowledged += [text for text in (said, event.text) if text]
                        acknowledge()
                        said = f"What is {len(self.acknowledged)} and {self.number}?"
                        await conversation.send_text(said)


@contextmanager
def orchestrator(triton: RunningTriton, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`python -m orchestrator` on a port of its own, and its address."""
    port = str(ports.free_port())
    environment = {
        **os.environ,
        "BEAUTYAI_DATA_DIR": str(folder),
        "BEAUTYAI_PORT": port,
        "BEAUTYAI_TRITON_URL": triton.grpc_url,
        "BEAUTYAI_ADMISSION_WAIT_MS": "600000",
    }
    command = [sys.executable, "-m", "orchestrator"]
    with (folder / f"log-{port}").open("wb") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY_ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process)
        yield url, process
    finally:
        process.kill()
        process.wait(10)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        assert process.poll() is None, "the orchestrator did not start"
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/health").status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("the orchestrator does not answer")


async def test_every_acknowledged_turn_of_fifty_chats_outlives_a_kill(
    triton: RunningTriton, tmp_path: Path
) -> None:
    chats = [Chat(number) for number in range(CHATS)]
    with orchestrator(triton, tmp_path) as (url, process):
        count = 0

        def acknowledge() -> None:
            nonlocal count
            count += 1
            if count == ACKNOWLEDGED_TURNS:
                process.kill()

        async with anyio.create_task_group() as tasks:
            for chat in chats:
                tasks.start_soon(chat.talk, url, acknowledge)
    with orchestrator(triton, tmp_path) as (url, _), httpx2.Client(base_url=url) as http:
        for chat in chats:
            if chat.acknowledged:
                messages = http.get(f"/sessions/{chat.session_id}").raise_for_status().json()["messages"]
                contents = [message["content"] for message in messages]
                assert contents[: len(chat.acknowledged)] == chat.acknowledged
        async with Conversation(url, Opening(session_id=chats[0].session_id)) as conversation:
            ready = await conversation.receive()
    assert isinstance(ready, Ready)
    assert ready.resumed
    assert sum(len(chat.acknowledged) for chat in chats) >= ACKNOWLEDGED_TURNS
