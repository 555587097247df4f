"""What the tests of the page share: node's packages, a browser, and an orchestrator that has no Triton."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from playwright.async_api import Browser

from benchmarks.browser import browsing, chromium, write_microphone
from client.question import DEFAULT_RECORDING
from embedded import cache, ports
from embedded.settings import REPOSITORY_ROOT, Settings

HERE = Path(__file__).parent
SILENCE_SECONDS = 8.0
"""Between the questions that the microphone hears: long enough for a reply to be well under way."""

_PACKAGES = ("package.json", "package-lock.json")


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node."""
    path = shutil.which("node")
    if path is None:
        pytest.skip("no node: apt install nodejs npm (20.19 or newer)")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, said.strip().lstrip("v").split(".")[:2])) < (20, 19):
        pytest.skip(f"node {said.strip()} is older than 20.19")
    return path


@pytest.fixture(scope="session")
def packages(node: str) -> Path:
    """`node_modules` of the lock, installed once into the cache."""
    assert node
    if shutil.which("npm") is None:
        pytest.skip("no npm: apt install npm")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    root = Settings.from_environment().cache_dir
    target = root / "npm" / f"page-checks-{lock}"
    with cache.locked(root, target.name):
        if not target.is_dir():
            _install(root, target)
    return target / "node_modules"


@pytest.fixture(scope="session")
def axe(packages: Path) -> str:
    """axe's source, to be evaluated in a page."""
    return (packages / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _install(root: Path, target: Path) -> None:
    with cache.staged(root, target) as folder:
        for name in _PACKAGES:
            shutil.copy(HERE / name, folder)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
        if done.returncode:
            pytest.skip(f"npm could not install the page's checks: {done.stderr[-300:]}")


@pytest.fixture(scope="session")
async def browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Chromium; its microphone hears the recorded question again and again."""
    if chromium() is None:
        pytest.skip("no chromium: apt install chromium")
    file = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    microphone = write_microphone(file, DEFAULT_RECORDING, before_s=0.5, after_s=SILENCE_SECONDS)
    async with browsing(microphone, again=True) as running:
        yield running


@pytest.fixture(scope="session")
async def waking_server() -> AsyncIterator[str]:
    """The address of an orchestrator whose Triton never comes: no model is ready."""
    port = ports.free_port()
    environment = {
        **os.environ,
        "BEAUTYAI_PORT": str(port),
        "BEAUTYAI_TRITON_URL": f"127.0.0.1:{ports.free_port()}",
        "BEAUTYAI_LOG_LEVEL": "ERROR",
    }
    command = [sys.executable, "-m", "orchestrator"]
    async with await anyio.open_process(
        command, cwd=REPOSITORY_ROOT, env=environment, stdout=None
    ) as process:
        await _until_it_lives(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
        process.terminate()


async def _until_it_lives(url: str) -> None:
    with anyio.fail_after(60):
        while True:
            try:
                await anyio.to_thread.run_sync(urllib.request.urlopen, url)
            except OSError:
                await anyio.sleep(0.05)
            else:
                return
