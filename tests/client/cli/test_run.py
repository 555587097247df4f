"""`beautyai run` against the whole stack."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.settings import REPOSITORY_ROOT
from tests.client.cli.commands import Ran
from tests.conftest import RunningServer

pytestmark = pytest.mark.triton

Run = Callable[..., Ran]
SHORT = ("--parameter", "max_new_tokens=6", "--parameter", "temperature=0")


@pytest.fixture
def piped(on_server: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`beautyai run chat` with these lines on standard input, and these options."""

    def run(lines: str, *options: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        return on_server("run", "chat", *SHORT, *options)

    return run


def test_every_line_of_a_pipe_is_answered_and_the_history_is_kept(piped: Run, on_server: Run) -> None:
    ran = piped("My name is Amal.\n\nWhat is my name?\n", "--json")
    assert ran.code == 0
    first, second = ran.json_lines
    assert first["session_id"] == second["session_id"]
    assert (
        second["usage"]["prompt_tokens"]
        > first["usage"]["prompt_tokens"] + first["usage"]["completion_tokens"]
    )
    assert second["effective_parameters"]["max_new_tokens"] == 6
    said = on_server("session", "show", first["session_id"], "--json").json["messages"]
    assert [each["role"] for each in said] == ["user", "assistant"] * 2
    assert said[0]["content"] == "My name is Amal."
    assert on_server("session", "delete", first["session_id"], "--yes").code == 0


def test_standard_output_holds_the_answers_and_nothing_else(piped: Run) -> None:
    ran = piped("Say hello.\n/help\n/sing\n/exit\nNever asked.\n")
    assert ran.code == 0
    assert len(ran.out.splitlines()) >= 1
    assert "/save FILE" in ran.err
    assert "/sing is no command" in ran.err
    assert "/help" not in ran.out


def test_a_chat_is_saved_begun_anew_and_loaded(piped: Run, tmp_path: Path) -> None:
    file = tmp_path / "chat.json"
    ran = piped(f"Hello.\n/save {file}\n/new\nOther.\n/load {file}\nAgain.\n", "--json")
    assert ran.code == 0
    first, other, again = ran.json_lines
    assert len({each["session_id"] for each in (first, other, again)}) == 3
    assert again["usage"]["prompt_tokens"] > other["usage"]["prompt_tokens"] + 6
    assert "2 messages are loaded" in ran.err


def test_on_a_terminal_a_person_is_prompted_and_ctrl_d_leaves(server: RunningServer) -> None:
    argv = [sys.executable, "-m", "client.cli", "run", "chat", *SHORT, "--url", server.http_url]
    said, code = on_a_terminal(argv, "you      : ", [b"Hello\n", b"/help\n", b"\x04"])
    assert code == 0
    assert "BeautyAI : " in said
    assert "/save FILE" in said


def on_a_terminal(argv: list[str], prompt: str, typed: list[bytes]) -> tuple[str, int]:
    """What a program shows on a terminal where a text is typed at each prompt: what comes sooner, it may not see."""
    parent, child = pty.openpty()
    with subprocess.Popen(argv, stdin=child, stdout=child, stderr=child, cwd=REPOSITORY_ROOT) as program:
        os.close(child)
        said, waiting = b"", list(typed)
        try:
            while chunk := os.read(parent, 4096):
                said += chunk
                if waiting and said.count(prompt.encode()) > len(typed) - len(waiting):
                    os.write(parent, waiting.pop(0))
        except OSError:  # the terminal's other end is closed
            pass
        except BaseException:  # the test's time is over
            program.kill()
            raise
    os.close(parent)
    return said.decode(), program.returncode


def test_thinking_is_asked_for_and_not(piped: Run) -> None:
    ran = piped("/think\nHello.\n/no_think\nHello.\n", "--json")
    assert ran.err.count("enable_thinking") >= 1  # this model has no thoughts
    assert ran.code == 6
    assert [each["effective_parameters"].get("enable_thinking") for each in ran.json_lines] == [False]


def test_a_session_goes_on_and_a_wrong_parameter_is_named(piped: Run) -> None:
    session_id = piped("Hello.\n", "--json").json["session_id"]
    assert piped("Again.\n", "--json", "--session", session_id).json["session_id"] == session_id
    ran = piped("Hello.\n", "--parameter", "temperature=hot")
    assert (ran.code, ran.out) == (6, "")
    assert "temperature" in ran.err


@pytest.mark.parametrize("lines", ["/save\n", "/load\n", "/save nothing.json\n", "/load none.json\n"])
def test_files_that_cannot_be_are_told(piped: Run, lines: str) -> None:
    assert piped(lines).err.count("\n") == 2


def test_the_smoke_test_passes_on_a_server_that_works(on_server: Run) -> None:
    ran = on_server("run", "test", "--json")
    checks = {each["check"]: each["ok"] for each in ran.json["checks"]}
    assert checks == dict.fromkeys(
        ["health", "ready", "chat", "transcription", "synthesis", "voice turn"], True
    ), ran.out
    assert (ran.code, ran.json["ok"], ran.err) == (0, True, "")


def test_the_smoke_test_fails_where_the_key_is_wrong(on_server: Run) -> None:
    ran = on_server("run", "test", "--key", "bai_wrong")
    assert ran.code == 1
    assert "401" in ran.out
    assert "failed" in ran.out


def test_chats_are_measured_alone_and_together(on_server: Run) -> None:
    size = ("--chats", "3", "--concurrency", "3", "--alone", "1", "--max-new-tokens", "4")
    ran = on_server("run", "benchmark", *size, "--json")
    assert ran.code == 0
    chats = ran.json["chats"]
    assert (chats["alone"]["requests"], chats["together"]["requests"], chats["errors"]) == (1, 3, [])
    assert chats["together"]["first_token_ms"]["p95"] >= chats["together"]["first_token_ms"]["p50"] > 0
    assert set(chats["ratios"]) == {"first_token_ms", "tokens_per_second", "tokens_per_second_together"}


def test_voice_turns_are_measured(on_server: Run) -> None:
    size = ("--chats", "0", "--turns", "1", "--alone", "0", "--max-new-tokens", "4")
    ran = on_server("run", "benchmark", *size)
    assert ran.code == 0
    assert "turns: 0 alone, 1 at 4 a time" in ran.out
    assert "voice to voice, ms" in ran.out


def test_a_benchmark_whose_requests_fail_says_so(on_server: Run) -> None:
    ran = on_server("run", "benchmark", "--chats", "2", "--alone", "0", "--key", "bai_wrong")
    assert ran.code == 4  # told before anything is measured
    assert on_server("run", "benchmark", "--chats", "0").code == 2
