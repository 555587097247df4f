"""What the tests of the command line share: the command, run against the real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.client.cli.commands import Ran, beautyai
from tests.conftest import RunningServer


@pytest.fixture
def on_server(server: RunningServer, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs `beautyai` with these words against the whole stack."""

    def run(*argv: str) -> Ran:
        capsys.readouterr()
        code = beautyai("--url", server.http_url, *argv)
        return Ran(code, *capsys.readouterr())

    return run
