from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import pytest

from tests.client.cli.commands import beautyai


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], Mapping[str, str]]]:
    """The programs that this process would have become."""
    programs: list[tuple[list[str], Mapping[str, str]]] = []

    def execve(path: str, argv: list[str], environment: Mapping[str, str]) -> None:
        assert path == sys.executable
        programs.append((argv[1:], environment))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execve", execve)
    return programs


def test_serve_becomes_the_embedded_runtime_with_other_options(
    started: list[tuple[list[str], Mapping[str, str]]],
) -> None:
    assert beautyai("serve", "--verbose", "x") == 0
    assert started[0][0] == ["-m", "embedded", "serve", "--verbose", "x"]


def test_host_and_port_are_the_settings_of_the_same_name(
    started: list[tuple[list[str], Mapping[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAUTYAI_HOST", "127.0.0.3")
    assert beautyai("serve", "--port", "9000") == 0
    argv, environment = started[0]
    assert argv == ["-m", "embedded", "serve"]
    assert (environment["PORT"], environment["BEAUTYAI_HOST"]) == ("9000", "127.0.0.3")
    assert beautyai("serve", "--host", "0.0.0.0") == 0
    assert started[1][1]["BEAUTYAI_HOST"] == "0.0.0.0"
