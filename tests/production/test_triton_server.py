"""Triton's command line in the container, against the server's own list of options where there is one."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from embedded import triton
from embedded.fetch import fetch
from embedded.settings import Settings
from production.commands import steps
from production.triton_server import StartError, command, load_order, rendered_environment

KEY = {"BEAUTYAI_TRITON_ADMIN_KEY": "0123456789abcdef"}


def test_models_are_named_leaves_first(rendered: Path) -> None:
    order = load_order(rendered)
    assert set(order) == {file.parent.name for file in rendered.glob("*/config.pbtxt")}
    assert order[-3:] == ["reply", "chat", "voice_turn"]
    named = [word.removeprefix("--load-model=") for word in command(KEY, rendered) if "--load-model" in word]
    assert named == order


def test_model_control_is_locked_on_both_protocols(rendered: Path) -> None:
    locked = [word for word in command(KEY, rendered) if "restricted" in word]
    assert len(locked) == 2
    assert all("model-repository" in word and word.endswith(":admin-key=0123456789abcdef") for word in locked)


@pytest.mark.parametrize("key", ["", "short", "with a space in it!", "colon:and=equals,123"])
def test_without_a_key_that_triton_can_take_nothing_starts(key: str, rendered: Path) -> None:
    with pytest.raises(StartError, match="BEAUTYAI_TRITON_ADMIN_KEY"):
        command({"BEAUTYAI_TRITON_ADMIN_KEY": key}, rendered)


def test_an_empty_repository_is_refused_with_what_to_mount(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="build_engines render"):
        command(KEY, tmp_path)


def test_http_answers_the_container_only(rendered: Path) -> None:
    assert "--http-address=127.0.0.1" in command(KEY, rendered)


def test_every_option_is_one_of_the_real_server(rendered: Path) -> None:
    settings = Settings.from_environment()
    runtime = fetch(settings)
    environment = triton.server_environment(triton.model_environment(settings, runtime, {}), runtime)
    server = runtime.triton_dir / "pytriton/tritonserver/bin/tritonserver"
    shown = subprocess.run([server, "--help"], env=environment, capture_output=True, text=True, check=False)
    known = set(re.findall(r"^\s*(--[a-z-]+)", shown.stdout + shown.stderr, re.MULTILINE))
    assert len(known) > 20
    assert {word.split("=")[0] for word in command(KEY, rendered)[1:]} <= known


def test_the_recipes_environment_reaches_the_server(tmp_path: Path) -> None:
    assert rendered_environment(tmp_path) == {}
    (tmp_path / "rendered.json").write_text(json.dumps({"environment": {"TRTLLM_ORCHESTRATOR": "1"}}))
    assert rendered_environment(tmp_path) == {"TRTLLM_ORCHESTRATOR": "1"}


def test_the_commands_of_the_guide_are_those_that_are_printed(rendered: Path) -> None:
    guide = " ".join(
        (Path(__file__).parents[2] / "docs/production.md").read_text().replace("\\\n", " ").split()
    )
    guide = guide.replace("DATA", "/srv/beautyai")
    for step in steps("h100-fp8", rendered):
        if step.title in (
            "Its tokenizer",
            "The weights of the other models",
            "The model repository",
            "Start",
        ):
            assert step.lines[0] in guide, step.title


def test_every_step_of_the_engine_is_printed(rendered: Path) -> None:
    printed = "\n".join(line for step in steps("h100-fp8", rendered) for line in step.lines)
    assert printed.count("trtllm-build ") == 2
    assert "quantize.py --model_dir /engines/weights/qwen3-14b-" in printed
    assert "convert_checkpoint.py" in printed
