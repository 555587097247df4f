from __future__ import annotations

import sys
from pathlib import Path

import pytest

from build_engines.errors import StepError
from build_engines.running import run


def test_all_output_is_in_the_log_and_progress_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    script = "import sys; print('loading'); print('warning', file=sys.stderr); print('built')"
    run(
        "build",
        [sys.executable, "-c", script],
        tmp_path / "logs" / "build.log",
        said.append,
        progress_seconds=0,
    )
    assert sorted((tmp_path / "logs" / "build.log").read_text().splitlines()) == [
        "built",
        "loading",
        "warning",
    ]
    assert any(line.endswith("s  built") for line in said)
    assert said[-1].startswith("build: done in")


def test_a_failure_shows_how_it_ended_and_where_the_rest_is(tmp_path: Path) -> None:
    script = "print('out of memory'); raise SystemExit(3)"
    with pytest.raises(StepError) as caught:
        run("build", [sys.executable, "-c", script], tmp_path / "build.log", lambda _: None)
    assert "build failed with status 3" in str(caught.value)
    assert str(tmp_path / "build.log") in str(caught.value)
    assert "out of memory" in str(caught.value)


def test_a_command_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="there is no command trtllm-build-missing here"):
        run("build", ["trtllm-build-missing"], tmp_path / "build.log", lambda _: None)
