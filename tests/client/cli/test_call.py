from __future__ import annotations

import pytest

from client.cli.call import Asked, Call
from tests.client.cli.commands import beautyai

FIRST, SECOND = "http://127.0.0.1:1", "http://127.0.0.1:2"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEAUTYAI_URL", "BEAUTYAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "argv", "asked"),
    [
        ("", ("model", "list"), "http://127.0.0.1:8000"),
        (FIRST, ("model", "list"), FIRST),
        (FIRST, ("--url", SECOND, "model", "list"), SECOND),
        ("", ("--url", FIRST, "model", "list", "--url", SECOND), SECOND),
        ("", ("model", "list", "--url", "ws://127.0.0.1:1/ws/voice-conversation"), "127.0.0.1:1"),
    ],
)
def test_the_address_nearest_to_the_command_is_asked(
    environment: str,
    argv: tuple[str, ...],
    asked: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BEAUTYAI_URL", environment)
    if asked.endswith("8000"):
        assert Call(Asked()).url == asked
        return
    assert beautyai(*argv) == 3
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert asked in err


def test_a_key_comes_from_the_option_or_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Call(Asked()).key == ""
    monkeypatch.setenv("BEAUTYAI_API_KEY", "bai_environment")
    assert Call(Asked()).key == "bai_environment"
    assert Call(Asked(key="bai_after").over(Asked(key="bai_before"))).key == "bai_after"


def test_what_is_no_address_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert beautyai("model", "list", "--url", "ftp://h") == 3
    assert "no address of a server" in capsys.readouterr().err
