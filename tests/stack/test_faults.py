"""What breaks under a running conversation, and that it goes on: typed errors, repair, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from client.events import ErrorReported, FinalTranscript, Ready, ResponseDone, VoiceResponse
from client.question import DEFAULT_QUESTION
from tests.conftest import RunningServer
from tests.stack.talker import eventually, recorded_question, talking
from tests.stubs import stub_of

pytestmark = [pytest.mark.anyio, pytest.mark.triton, pytest.mark.timeout(240)]


def ready(server: RunningServer) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"{server.http_url}/ready", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def test_triton_killed_in_mid_turn_is_a_typed_error_and_the_session_goes_on(
    server: RunningServer,
) -> None:
    question = recorded_question()
    async with talking(server.ws_url, generation={"max_tokens": 800, "min_tokens": 800}) as person:
        session_id = (await person.until(Ready)).session_id
        await person.conversation.send_text("My name is Ana. Tell me a long story.")
        await person.until(VoiceResponse)
        killed_at = time.monotonic()
        os.kill(server.triton_pid, signal.SIGKILL)
        error = await person.until(ErrorReported, seconds=10)
        assert time.monotonic() - killed_at < 2
        assert (error.code, error.retryable) == ("backend_lost", True)
        await eventually(lambda: ready(server)[0] == 503, 3)
        await eventually(lambda: ready(server)[0] == 200, 90)
        await person.conversation.configure(
            {"generation": {"temperature": 0, "max_tokens": 20, "min_tokens": 1}}
        )
        before = len(person.all(ResponseDone))
        person.say(question)
        done = await person.until(ResponseDone, before + 1)
        assert done.reason == "completed"
    assert person.all(FinalTranscript)[-1].text == DEFAULT_QUESTION
    async with talking(server.ws_url, session_id=session_id) as again:
        assert (await again.until(Ready)).resumed


async def test_killed_stubs_are_noticed_and_repaired_and_the_next_question_is_answered(
    server: RunningServer,
) -> None:
    question = recorded_question()
    # One that batches, one that streams, one that calls others.
    for model in ("whisper", "tensorrt_llm", "reply"):
        await killed_and_repaired(server, model)
    async with talking(server.ws_url) as person:
        person.say(question)
        assert (await person.until(ResponseDone)).reason == "completed"
    assert [final.text for final in person.all(FinalTranscript)] == [DEFAULT_QUESTION]


async def killed_and_repaired(server: RunningServer, model: str) -> None:
    old = stub_of(model, server.triton_pid)
    killed_at = time.monotonic()
    old.kill()
    await eventually(lambda: not ready(server)[1]["models"][model]["ready"], 10)
    await eventually(lambda: ready(server)[0] == 200, 20)
    assert time.monotonic() - killed_at < 10, model
    assert stub_of(model, server.triton_pid).pid != old.pid
