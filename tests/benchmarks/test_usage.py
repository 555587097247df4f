from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import anyio
import psutil
import pytest

from benchmarks.usage import cpu_seconds, cpu_seconds_by_role, measured, memory_bytes, server_processes

CHILD = "block = bytearray(50_000_000)\nprint('ready', flush=True)\nwhile True: pass"
PARENT = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {CHILD!r}])"


@pytest.fixture
def busy_tree() -> Iterator[int]:
    """A process whose child holds 50 MB and never rests."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        children = psutil.Process(parent.pid).children(recursive=True)
        yield parent.pid
        for child in children:
            child.kill()
        parent.kill()


@pytest.mark.anyio
async def test_the_children_count_too(busy_tree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # A real server is not a child of the benchmark, as this tree is.
    monkeypatch.setattr("benchmarks.usage._own_pids", lambda: {os.getpid()})
    assert memory_bytes(busy_tree) > 50_000_000
    async with measured(busy_tree) as usage:
        before_s = cpu_seconds(busy_tree)
        while cpu_seconds(busy_tree) - before_s < 0.3:
            await anyio.sleep(0.05)
    assert usage.cpu_seconds >= 0.3
    assert usage.peak_bytes > 50_000_000


@pytest.mark.parametrize(
    ("argument", "role"),
    [
        ("pytriton/tritonserver/bin/tritonserver", "tritonserver"),
        ("backends/python/triton_python_backend_stub /models/vad/1/model.py", "vad"),
        ("backends/python/triton_python_backend_stub /models/tts/1/model.py", "other models"),
        ("-m orchestrator", "orchestrator"),
        ("-m embedded serve", "supervisor"),
    ],
)
def test_a_process_is_known_by_its_command_line(
    argument: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.usage._own_pids", lambda: {os.getpid()})
    with subprocess.Popen([sys.executable, "-c", "while True: pass", *argument.split()]) as process:
        while not (used := cpu_seconds_by_role(process.pid))[role]:
            time.sleep(0.02)
        process.kill()
    assert [name for name, seconds in used.items() if seconds] == [role]


def test_what_the_benchmark_itself_started_does_not_count(busy_tree: int) -> None:
    assert server_processes(busy_tree) == []


def test_this_process_does_not_count_under_its_parent() -> None:
    assert os.getpid() not in [process.pid for process in server_processes(os.getppid())]


def test_a_server_that_is_gone_costs_nothing() -> None:
    assert server_processes(2**22 - 1) == []
