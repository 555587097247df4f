"""The real Triton with one tiny model, and a stand-in for the orchestrator that only says it is ready."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from embedded import ports, probe, triton
from embedded.errors import SettingsError
from embedded.fetch import Runtime
from embedded.settings import REPOSITORY_ROOT, Settings
from orchestrator.errors import InferenceError
from orchestrator.triton import TritonInference

CONFIG = """backend: "python"
max_batch_size: 8
input [{ name: "TEXT" data_type: TYPE_STRING dims: [ 1 ] }]
output [{ name: "TEXT" data_type: TYPE_STRING dims: [ 1 ] }]
"""
MODEL = """
class TritonPythonModel:
    def execute(self, requests):
        return []
"""
BROKEN_MODEL = """
class TritonPythonModel:
    def initialize(self, args):
        raise ValueError("no such weights: /x/y")
"""
STAND_IN = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass

signal.signal(signal.SIGTERM, lambda *_: (print("orchestrator stopped", flush=True), sys.exit(0)))
address = (os.environ["BEAUTYAI_HOST"], int(os.environ["BEAUTYAI_PORT"]))
HTTPServer(address, Ready).serve_forever()
"""


@dataclass(frozen=True)
class Stack:
    """A supervisor as the user starts it, in a folder with its own small model repository."""

    folder: Path
    environment: dict[str, str]
    settings: Settings

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "embedded", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @contextmanager
    def serving(self) -> Iterator[psutil.Process]:
        process = self.command("serve")
        assert process.stdout
        try:
            said: list[str] = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("BeautyAI is ready"):
                    break
            assert process.poll() is None, "".join(said)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.communicate(timeout=20)


@pytest.fixture
def stack(tmp_path: Path, runtime: Runtime) -> Stack:
    (tmp_path / "models" / "echo" / "1").mkdir(parents=True)
    (tmp_path / "models" / "echo" / "config.pbtxt").write_text(CONFIG)
    (tmp_path / "models" / "echo" / "1" / "model.py").write_text(MODEL)
    (tmp_path / "orchestrator").mkdir()
    (tmp_path / "orchestrator" / "__init__.py").write_text("")
    (tmp_path / "orchestrator" / "__main__.py").write_text(STAND_IN)
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "BEAUTYAI_MODEL_REPOSITORY": str(tmp_path / "models"),
        "BEAUTYAI_CACHE": str(runtime.triton_dir.parent.parent),
        "BEAUTYAI_HOST": "127.0.0.1",
        **{name: str(ports.free_port()) for name in ("PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")},
    }
    return Stack(tmp_path, environment, Settings.from_environment(environment))


def _wait(is_true: Callable[[], object], limit_seconds: float = 30.0) -> None:
    deadline = time.monotonic() + limit_seconds
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def _family(supervisor: psutil.Process) -> dict[str, psutil.Process]:
    """Triton, its Python stub and the orchestrator, by name."""
    names = ("tritonserver", "triton_python_backend_stub", "orchestrator")
    found = {}
    for process in supervisor.children(recursive=True):
        line = process.cmdline()
        name = next((name for name in names if any(part.endswith(name) for part in line[:3])), None)
        if name:
            found[name] = process
    return found


def _regions(supervisor_pid: int) -> list[Path]:
    return list(triton.SHARED_MEMORY.glob(f"beautyai-{supervisor_pid}-*"))


def _gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_a_killed_triton_comes_back_and_the_orchestrator_stays(stack: Stack) -> None:
    with stack.serving() as supervisor:
        before = _family(supervisor)
        before["tritonserver"].kill()
        _wait(lambda: not probe.triton_is_ready(stack.settings))
        _wait(lambda: probe.triton_is_ready(stack.settings))
        after = _family(supervisor)
        assert after["tritonserver"].pid != before["tritonserver"].pid
        assert after["orchestrator"].pid == before["orchestrator"].pid
        assert _gone([before["triton_python_backend_stub"]])


def test_a_killed_orchestrator_comes_back_and_triton_stays(stack: Stack) -> None:
    with stack.serving() as supervisor:
        before = _family(supervisor)
        before["orchestrator"].kill()
        _wait(lambda: not probe.orchestrator_is_ready(stack.settings))
        _wait(lambda: probe.orchestrator_is_ready(stack.settings))
        after = _family(supervisor)
        assert after["tritonserver"].pid == before["tritonserver"].pid
        assert after["orchestrator"].pid != before["orchestrator"].pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_leaves_no_process_and_no_shared_memory(stack: Stack, number: signal.Signals) -> None:
    with stack.serving() as supervisor:
        family = list(_family(supervisor).values())
        assert len(family) == 3
        assert _regions(supervisor.pid)
        supervisor.send_signal(number)
        _wait(lambda: _gone([supervisor]))
        assert _gone(family)
        assert _regions(supervisor.pid) == []


def test_a_killed_supervisor_leaves_no_process_and_no_shared_memory(stack: Stack) -> None:
    with stack.serving() as supervisor:
        family = list(_family(supervisor).values())
        supervisor.kill()
        _wait(lambda: _gone(family))
        _wait(lambda: not _regions(supervisor.pid))


def test_a_stop_signal_while_the_models_load_is_obeyed(stack: Stack) -> None:
    slow = MODEL + "\n    def initialize(self, args):\n        import time\n        time.sleep(60)\n"
    (stack.folder / "models" / "echo" / "1" / "model.py").write_text(slow)
    process = stack.command("triton")
    supervisor = psutil.Process(process.pid)
    _wait(lambda: "triton_python_backend_stub" in _family(supervisor))
    family = list(_family(supervisor).values())
    process.terminate()
    process.communicate(timeout=15)
    assert process.returncode == 130
    assert _gone(family)
    assert _regions(process.pid) == []


def test_a_model_that_does_not_load_ends_with_tritons_reason_and_the_log(stack: Stack) -> None:
    (stack.folder / "models" / "echo" / "1" / "model.py").write_text(BROKEN_MODEL)
    process = stack.command("triton")
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 1
    assert "echo: " in output
    assert "no such weights: /x/y" in output
    log = stack.settings.cache_dir / "logs" / f"triton-{stack.settings.grpc_port}.log"
    assert str(log) in output
    assert "Traceback" not in output


def test_a_second_server_on_the_same_ports_is_refused_at_once(stack: Stack) -> None:
    with stack.serving():
        process = stack.command("serve")
        output = process.communicate(timeout=10)[0]
    assert process.returncode == 1
    assert f"port {stack.settings.port} (PORT) is in use" in output


def test_a_command_runs_beside_the_stack_and_its_status_is_kept(stack: Stack) -> None:
    process = stack.command("run", "--", "sh", "-c", 'echo "$BEAUTYAI_URL $BEAUTYAI_TRITON_URL"; exit 3')
    output = process.communicate(timeout=30)[0]
    assert process.returncode == 3
    url = f"ws://127.0.0.1:{stack.settings.port}/ws/voice-conversation {stack.settings.triton_url}"
    assert url in output
    assert not probe.orchestrator_is_ready(stack.settings)
    assert _regions(process.pid) == []


def test_wrong_settings_end_with_one_message(stack: Stack) -> None:
    stack.environment["BEAUTYAI_WHISPER"] = "huge"
    stack.environment["PORT"] = "x"
    process = stack.command("serve")
    output = process.communicate(timeout=10)[0]
    assert process.returncode == 1
    assert "BEAUTYAI_WHISPER" in output
    assert "PORT" in output
    assert "Traceback" not in output


@pytest.mark.anyio
async def test_only_who_sends_the_admin_key_controls_the_models(stack: Stack) -> None:
    stack.environment["BEAUTYAI_TRITON_ADMIN_KEY"] = "a-key-of-16-signs"
    url = stack.settings.triton_url
    with stack.serving():
        for wrong in (None, "another-key-here"):
            async with TritonInference(url, admin_key=wrong) as inference:
                with pytest.raises(InferenceError, match="BEAUTYAI_TRITON_ADMIN_KEY"):
                    await inference.unload("echo")
        async with TritonInference(url, admin_key="a-key-of-16-signs") as inference:
            await inference.unload("echo")
            await inference.load("echo")
            assert (await inference.models())["echo"].state == "READY"


def test_a_short_admin_key_is_refused(stack: Stack) -> None:
    with pytest.raises(SettingsError, match="BEAUTYAI_TRITON_ADMIN_KEY"):
        Settings.from_environment({**stack.environment, "BEAUTYAI_TRITON_ADMIN_KEY": "short"})
