"""All steps on a release made of small files: the same commands, processes and folders, without a GPU."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from build_engines.__main__ import main
from build_engines.errors import (
    EngineMismatchError,
    QualityError,
    StepError,
    UnsuitableMachineError,
)
from build_engines.models import FP8_CHECKPOINTS, MODELS
from build_engines.recipe import load_recipe
from build_engines.steps import Steps
from build_engines.workplace import Workplace
from tests.build_engines.hub_server import Hub, serve
from tests.build_engines.machines import machine

RELEASE = Path(__file__).with_name("fake_release")
REPOSITORY = Path(__file__).parents[2] / "model_repository"
FILES = {"config.json": b"{}", "tokenizer.json": b"{}", "model.safetensors": b"weights" * 100}


class Kitchen:
    """Steps of the recipe `smoke` in one folder, and what they said."""

    def __init__(self, work_dir: Path, hub: Hub) -> None:
        self.work_dir = work_dir
        self.hub = hub
        self.said: list[str] = []
        self.here = machine()

    def steps(self, *, reference: bool = False) -> Steps:
        recipe = load_recipe("smoke")
        place = Workplace(self.work_dir, recipe.reference() if reference else recipe)
        return Steps(place, RELEASE / "examples", self.said.append, lambda _: self.here)

    def build(self, *, reference: bool = False) -> Steps:
        steps = self.steps(reference=reference)
        steps.download()
        steps.quantize()
        steps.build()
        return steps


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kitchen]:
    hub = Hub(MODELS["qwen3-1.7b"], dict(FILES))
    with serve(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("PATH", f"{RELEASE / 'bin'}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setenv("PYTHONPATH", str(RELEASE / "python"))
        yield Kitchen(tmp_path / "work", hub)


def test_the_command_makes_compares_and_renders_an_engine(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("build_engines.__main__.this_machine", lambda _: kitchen.here)
    arguments = ["qwen3-1.7b", "--recipe", "smoke", "--work-dir", str(kitchen.work_dir)]
    assert main([*arguments, "--examples", str(RELEASE / "examples")]) == 0
    assert (kitchen.work_dir / "smoke" / "model_repository" / "tensorrt_llm" / "config.pbtxt").is_file()
    verdict = json.loads((kitchen.work_dir / "smoke" / "comparison" / "verdict.json").read_text())
    assert len(verdict["agreement"]) == 16
    assert "greedy answers agree for 100%" in capsys.readouterr().out


def test_a_second_run_repeats_nothing(kitchen: Kitchen) -> None:
    kitchen.build()
    kitchen.said.clear()
    kitchen.build()
    assert [line.split(":")[0] for line in kitchen.said] == ["download", "quantize", "build"]
    assert all(line.endswith("is there already") for line in kitchen.said)


def test_another_gpu_means_another_build(kitchen: Kitchen) -> None:
    kitchen.build()
    other = replace(kitchen.here.gpus[0], name="NVIDIA H100 PCIe")
    kitchen.here = replace(kitchen.here, gpus=(other,))
    kitchen.said.clear()
    kitchen.build()
    assert any(line.startswith("build: trtllm-build") for line in kitchen.said)
    assert any(line.startswith("quantize:") and line.endswith("is there already") for line in kitchen.said)


def test_a_step_is_refused_while_the_one_before_is_missing(kitchen: Kitchen) -> None:
    with pytest.raises(UnsuitableMachineError, match="run `download` first"):
        kitchen.steps().quantize()
    with pytest.raises(UnsuitableMachineError, match="run `quantize` first"):
        kitchen.steps().build()
    with pytest.raises(EngineMismatchError, match="run `build` first"):
        kitchen.steps().verify(REPOSITORY)
    with pytest.raises(UnsuitableMachineError, match="run `quantize` and `build`"):
        kitchen.steps().compare()


def test_a_failed_build_leaves_no_engine_that_counts(kitchen: Kitchen) -> None:
    steps = kitchen.steps()
    steps.download()
    steps.quantize()
    (steps.place.checkpoint / "broken").touch()
    with pytest.raises(StepError, match="out of memory"):
        steps.build()
    (steps.place.checkpoint / "broken").unlink()
    steps.build()
    assert (steps.place.engine / "rank0.engine").is_file()


def test_an_unsuitable_machine_is_refused_before_anything_is_removed(kitchen: Kitchen) -> None:
    steps = kitchen.build()
    kitchen.here = machine("a100")
    with pytest.raises(UnsuitableMachineError, match="here is NVIDIA A100"):
        kitchen.steps().build()
    assert (steps.place.engine / "rank0.engine").is_file()


def test_an_engine_is_verified_against_everything(kitchen: Kitchen) -> None:
    steps = kitchen.build()
    with pytest.raises(EngineMismatchError) as caught:
        steps.verify(REPOSITORY)
    assert "config.pbtxt lets Triton hand over 32 requests, and the engine takes 8" in str(caught.value)
    (steps.place.engine / "provenance.json").unlink()
    with pytest.raises(EngineMismatchError, match="nobody knows for which GPU this engine is"):
        steps.verify(REPOSITORY)


def test_the_scripts_of_the_release_are_asked_for_where_they_are_missing(kitchen: Kitchen) -> None:
    kitchen.steps().download()
    steps = Steps(kitchen.steps().place, Path("/nowhere"), kitchen.said.append, lambda _: kitchen.here)
    with pytest.raises(
        UnsuitableMachineError, match=r"there is no /nowhere/quantization/quantize.py: run in nvcr.io"
    ):
        steps.quantize()


def test_an_engine_that_answers_otherwise_is_refused_and_the_numbers_are_kept(kitchen: Kitchen) -> None:
    steps = kitchen.build()
    kitchen.build(reference=True)
    (steps.place.engine / "other").touch()
    with pytest.raises(QualityError, match="agree with the reference for 0% of their length"):
        steps.compare()
    assert json.loads((steps.place.comparison / "verdict.json").read_text())["agreement"][0] == 0.0


def test_bf16_is_compared_with_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    place = Workplace(tmp_path, load_recipe("a100-bf16"))
    assert Steps(place, RELEASE / "examples", said.append, lambda _: machine("a100")).compare() is None
    assert said == ["compare: a100-bf16 is BF16 itself, there is nothing to compare"]


def test_a_model_and_a_recipe_of_another_model_do_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["qwen3-14b", "--recipe", "smoke", "--work-dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "error: recipe smoke is for qwen3-1.7b, not qwen3-14b\n"


def test_for_the_llm_api_the_command_downloads_and_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("build_engines.__main__.this_machine", lambda _: machine())
    hub = Hub(FP8_CHECKPOINTS["qwen3-14b"], dict(FILES))
    arguments = ["--recipe", "h100-fp8-llmapi", "--work-dir", str(tmp_path / "work")]
    with serve(hub) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        assert main(["qwen3-14b", *arguments]) == 0
    weights = tmp_path / "work" / "weights" / "qwen3-14b-fp8-9a283b4a5efb"
    assert {path.name for path in weights.iterdir()} >= set(FILES)
    config = tmp_path / "work" / "h100-fp8-llmapi" / "model_repository" / "tensorrt_llm" / "config.pbtxt"
    assert f'key: "gpt_model_path" value {{ string_value: "{weights}" }}' in config.read_text()
    for step in ("quantize", "build", "verify", "compare"):
        assert main([step, *arguments]) == 1
        assert f"there is no engine to {step}" in capsys.readouterr().err
