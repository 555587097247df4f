"""The scripts of a host without compose: what they would run, and what they install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from production.images import IMAGES, ROOT, read_env
from production.linters import compose_environment

SYSTEMD = ROOT / "systemd"


def container(service: str, **settings: str) -> list[str]:
    environment = {**os.environ, **compose_environment(), **read_env(IMAGES), "PRINT": "1", **settings}
    environment["BEAUTYAI_DATA"] = settings.get("BEAUTYAI_DATA", "/srv/beautyai")
    done = subprocess.run(
        [SYSTEMD / "run-container", service], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_triton_is_published_on_loopback_only_and_gets_shared_memory() -> None:
    line = container("triton")
    published = [line[i + 1] for i, word in enumerate(line) if word == "--publish"]
    assert published == ["127.0.0.1:8001:8001", "127.0.0.1:8002:8002"]
    assert line[line.index("--shm-size") + 1] == "2g"
    assert line[-1] == f"beautyai-triton:{read_env(IMAGES)['BEAUTYAI_VERSION']}"


@pytest.mark.parametrize("service", ["triton", "orchestrator"])
def test_the_key_is_handed_on_by_name_and_stands_on_no_command_line(service: str) -> None:
    line = container(service)
    assert "BEAUTYAI_TRITON_ADMIN_KEY" in line
    assert compose_environment()["BEAUTYAI_TRITON_ADMIN_KEY"] not in " ".join(line)


def test_the_orchestrator_listens_where_the_settings_say() -> None:
    assert "BEAUTYAI_HOST=127.0.0.1" in container("orchestrator")
    assert "BEAUTYAI_HOST=10.0.0.7" in container("orchestrator", BEAUTYAI_LISTEN="10.0.0.7")


def test_the_keys_of_the_orchestrator_are_looked_after_on_its_own_volume_and_without_a_network() -> None:
    line = subprocess.run(
        [SYSTEMD / "run-container", "access", "create", "my phone", "--scopes", "voice"],
        env={**os.environ, **compose_environment(), **read_env(IMAGES), "PRINT": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert line.rstrip().endswith("python -m orchestrator.access create my\\ phone --scopes voice")
    assert "--network none" in line
    volumes = [word for word in container("orchestrator") if word.endswith(":/data")]
    assert volumes == ["beautyai-data:/data"]
    assert f"--volume {volumes[0]}" in line


def test_another_engine_takes_the_same_words() -> None:
    assert container("triton", CONTAINER_ENGINE="podman")[1:] == container("triton")[1:]


def test_installing_keeps_settings_that_are_there_and_hides_the_key(tmp_path: Path) -> None:
    install = [str(SYSTEMD / "install")]
    environment = {**os.environ, "DESTDIR": str(tmp_path)}
    subprocess.run(install, env=environment, check=True)
    settings = tmp_path / "etc/beautyai/beautyai.env"
    assert settings.stat().st_mode & 0o777 == 0o600
    assert os.access(tmp_path / "usr/local/bin/beautyai-access", os.X_OK)
    settings.write_text("BEAUTYAI_DATA=/mine\n")
    subprocess.run(install, env=environment, check=True)
    assert settings.read_text() == "BEAUTYAI_DATA=/mine\n"
    assert {file.name for file in (tmp_path / "etc/systemd/system").iterdir()} == {
        "beautyai.target",
        "beautyai-triton.service",
        "beautyai-orchestrator.service",
    }


def test_triton_may_take_longer_to_stop_than_it_asks_for() -> None:
    unit = (SYSTEMD / "beautyai-triton.service").read_text()
    assert "TimeoutStopSec=60" in unit
    assert (
        "After=network-online.target docker.service beautyai-triton.service"
        in (SYSTEMD / "beautyai-orchestrator.service").read_text()
    )
