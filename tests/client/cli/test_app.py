from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from client.cli.exits import MEANINGS, Exit, exit_code
from client.errors import (
    AudioFileError,
    ClientError,
    ConnectionLost,
    ConversationRefused,
    Problem,
    ServerUnreachable,
    WrongInput,
)
from tests.client.cli.commands import all_commands, beautyai

ROOT = Path(__file__).parents[3]
BEAUTYAI = [sys.executable, "-m", "client.cli"]
PROMISED = (
    *("serve", "ask", "talk", "run chat", "run test", "run benchmark"),
    *(
        f"model {name}"
        for name in ("list", "show", "add", "update", "remove", "set-default", "load", "unload")
    ),
    *("system status", "system clear-cache"),
    *(f"session {name}" for name in ("list", "show", "export", "import", "delete")),
    *(f"config {name}" for name in ("show", "set", "validate", "backup", "restore")),
    *(f"key {name}" for name in ("create", "list", "revoke")),
)


def test_every_promised_command_is_there() -> None:
    assert set(PROMISED) <= set(all_commands())


@pytest.mark.parametrize("name", all_commands())
def test_every_command_has_help_with_an_example_of_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert beautyai(*name.split(), "--help") == 0
    assert f"Example: beautyai {name}" in capsys.readouterr().out
    offered = {option for each in all_commands()[name].params for option in each.opts}
    assert name == "serve" or {"--url", "--key", "--json"} <= offered


def test_every_command_is_in_the_documentation_with_an_example() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    missing = [name for name in all_commands() if f"beautyai {name}" not in page]
    assert missing == []
    assert all(f"| {code.value} | {meaning} |" in page for code, meaning in MEANINGS.items())


def test_the_help_lists_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert beautyai("--help") == 0
    words = " ".join(capsys.readouterr().out.split())
    assert all(f"{code.value}: {meaning}" in words for code, meaning in MEANINGS.items())


@pytest.mark.parametrize("argv", [[], ["sing"], ["model"], ["model", "show"], ["--loud"]])
def test_wrong_usage_exits_2(argv: list[str]) -> None:
    assert beautyai(*argv) == Exit.USAGE


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Problem("", 401, "unauthorized", {}), Exit.REFUSED),
        (Problem("", 403, "forbidden", {}), Exit.REFUSED),
        (Problem("", 404, "not_found", {}), Exit.NOT_FOUND),
        (Problem("", 409, "conflict", {}), Exit.INVALID),
        (Problem("", 422, "bad_setting", {}), Exit.INVALID),
        (Problem("", 429, "limited", {}), Exit.BUSY),
        (Problem("", 503, "overloaded", {}), Exit.BUSY),
        (Problem("", 500, "internal", {}), Exit.FAILED),
        (Problem("", 502, "inference_failed", {}), Exit.FAILED),
        (ConversationRefused("", 401), Exit.REFUSED),
        (ConversationRefused("", 503), Exit.BUSY),
        (ConversationRefused("", 404), Exit.UNREACHABLE),
        (ServerUnreachable(), Exit.UNREACHABLE),
        (WrongInput(), Exit.INVALID),
        (AudioFileError(), Exit.INVALID),
        (ConnectionLost(1006, ""), Exit.FAILED),
    ],
)
def test_every_error_has_its_exit_code(error: ClientError, code: Exit) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o default -F"),
        ("zsh", "#compdef beautyai"),
        ("fish", "complete --command beautyai"),
    ],
)
def test_completion_scripts_are_produced(shell: str, line: str) -> None:
    environment = {**os.environ, "_BEAUTYAI_COMPLETE": f"source_{shell}"}
    script = _output(BEAUTYAI, environment)
    assert line in script
    assert "_BEAUTYAI_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_completion_is_installed_for_the_shell_that_asks(tmp_path: Path) -> None:
    command = f"{sys.executable} -m client.cli --install-completion"
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    said = _output(["bash", "-c", f"{command}; true"], environment)
    assert "bash completion installed" in said
    assert "complete_bash" in (tmp_path / ".bash_completions" / "beautyai.sh").read_text()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("beautyai mod", {"model"}),
        ("beautyai model set", {"set-default"}),
        ("beautyai run ", {"chat", "test"}),
    ],
)
def test_words_are_completed(words: str, offered: set[str]) -> None:
    place = str(len(words.split(" ")) - 1)
    asked = {"_BEAUTYAI_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
    assert offered <= set(_output(BEAUTYAI, {**os.environ, **asked}).split())


def test_the_help_starts_without_anything_heavy() -> None:
    loaded = _output(
        [sys.executable, "-X", "importtime", *BEAUTYAI[1:], "--help"], dict(os.environ), errors=True
    )
    heavy = {"numpy", "av", "sounddevice", "websockets", "httpx2", "grpc", "orchestrator", "anyio"}
    assert not heavy & {line.rsplit("|", 1)[-1].strip() for line in loaded.splitlines()}


def _output(argv: list[str], environment: dict[str, str], *, errors: bool = False) -> str:
    done = subprocess.run(
        argv, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr if errors else done.stdout
