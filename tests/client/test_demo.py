from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest

from client.recording import read_audio, write_wav
from tests.client.wire_server import REPLY, REPLY_PCM, REPLY_RATE, WORDS, WireServer

pytestmark = pytest.mark.anyio

REPOSITORY = Path(__file__).parents[2]
VOICED = b"\1\1" * 3_200


async def demo(folder: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    done = await anyio.run_process(
        [sys.executable, "-m", "client.demo", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        check=False,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def question(tmp_path: Path) -> str:
    write_wav(tmp_path / "question.wav", VOICED, 16_000)
    return "question.wav"


async def test_the_demo_shows_the_turn_and_writes_the_reply(
    wire_server: WireServer, tmp_path: Path, question: str
) -> None:
    status, out, err = await demo(tmp_path, WAV=question, BEAUTYAI_URL=wire_server.url)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    order = ["hearing  : what is", f"you      : {WORDS}", f"BeautyAI : {REPLY}", f"transcript (en): {WORDS}"]
    assert [line for line in lines if line in order] == order
    assert any("silence waited for" in line and line.endswith("     100 ms") for line in lines)
    assert read_audio(tmp_path / "reply.wav", REPLY_RATE) == REPLY_PCM


@pytest.mark.parametrize(
    ("misbehaviour", "complaint"),
    [
        ("deaf", "the server heard no voice in the question within 1 s; is there speech in it?"),
        ("mute", "the server heard a voice, but sent no transcript within 1 s; see the server's log"),
        ("empty", "the server heard a voice, but no words in it; is there speech in the question?"),
        ("fail", "the server reported backend_lost: Triton is gone"),
        ("close", "the server closed the connection: 1011 the server is stopping"),
    ],
)
async def test_every_failure_is_one_line_and_a_status_of_1(
    wire_server: WireServer, tmp_path: Path, question: str, misbehaviour: str, complaint: str
) -> None:
    wire_server.misbehaviour = misbehaviour
    status, _, err = await demo(tmp_path, "--patience", "1", WAV=question, BEAUTYAI_URL=wire_server.url)
    assert (status, err) == (1, f"demo failed: {complaint}\n")
    assert not (tmp_path / "reply.wav").exists()


async def test_a_triton_that_does_not_answer_is_named(tmp_path: Path) -> None:
    status, _, err = await demo(tmp_path, "--triton-url", "127.0.0.1:1", QUESTION="hello", WAV="")
    assert status == 1
    assert err.startswith("demo failed: no Triton at 127.0.0.1:1")
    assert err.count("\n") == 1
