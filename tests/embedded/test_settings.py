from __future__ import annotations

from pathlib import Path

import pytest

from embedded.errors import SettingsError
from embedded.settings import Settings


def test_an_empty_environment_gives_the_documented_defaults() -> None:
    settings = Settings.from_environment({"HOME": "/home/someone"})
    assert (settings.whisper, settings.llm, settings.weights) == ("base", "smollm2-135m", "packages")
    assert (settings.port, settings.grpc_port, settings.metrics_port) == (8000, 8001, 8002)
    assert settings.host == "127.0.0.1"
    assert settings.triton_url == "127.0.0.1:8001"


def test_the_cache_follows_xdg_and_its_own_setting(tmp_path: Path) -> None:
    assert Settings.from_environment({"XDG_CACHE_HOME": str(tmp_path)}).cache_dir == tmp_path / "beautyai"
    both = {"XDG_CACHE_HOME": "/elsewhere", "BEAUTYAI_CACHE": str(tmp_path / "own")}
    assert Settings.from_environment(both).cache_dir == tmp_path / "own"


def test_every_wrong_setting_is_named_in_one_error() -> None:
    wrong = {
        "BEAUTYAI_WHISPER": "huge",
        "BEAUTYAI_LLM": "gpt",
        "BEAUTYAI_WEIGHTS": "floppy",
        "BEAUTYAI_VOICES": "joe",
        "PORT": "eighty",
        "TRITON_GRPC_PORT": "0",
        "TRITON_METRICS_PORT": "70000",
        "BEAUTYAI_MODEL_REPOSITORY": "/nowhere",
    }
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(wrong)
    assert [name for name in wrong if name not in str(error.value)] == []


def test_ports_must_differ() -> None:
    with pytest.raises(SettingsError, match="must differ"):
        Settings.from_environment({"PORT": "9000", "TRITON_GRPC_PORT": "9000"})


@pytest.mark.parametrize(
    "only_on_hub",
    [
        {"BEAUTYAI_WHISPER": "large-v3-turbo"},
        {"BEAUTYAI_LLM": "qwen3-0.6b"},
        {"BEAUTYAI_VOICES": "en_US-joe-medium,ar_JO-kareem-medium"},
    ],
)
def test_what_only_the_hub_has_asks_for_the_hub(only_on_hub: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="BEAUTYAI_WEIGHTS=hub"):
        Settings.from_environment(only_on_hub)
    Settings.from_environment({**only_on_hub, "BEAUTYAI_WEIGHTS": "hub"})


def test_the_metrics_port_follows_the_grpc_port() -> None:
    assert Settings.from_environment({"PORT": "9000", "TRITON_GRPC_PORT": "9001"}).metrics_port == 9002
