"""What `make production-check` judges, judged; and that a broken copy of each thing is found."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from build_engines.recipe import recipe_names
from production.check import rendered_repository, repository_findings
from production.client_calls import client_call_problems
from production.finding import Finding
from production.linters import lint
from production.repository import config_problems, ensemble_problems, read_configs
from production.spoken_turn import spoken_turn

LINTERS = ("hadolint", "shellcheck", "schema", "docker compose", "systemd-analyze", "promtool")


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return list(lint())


@pytest.mark.parametrize("check", LINTERS)
def test_the_linters_have_nothing_to_say(check: str, findings: list[Finding]) -> None:
    finding = _finding(check, findings)
    if finding.skipped:
        pytest.skip(finding.skipped)
    assert finding.problems == ()


@pytest.mark.parametrize("recipe", recipe_names())
def test_the_repository_of_every_recipe_fits_the_orchestrator(recipe: str, tmp_path: Path) -> None:
    repository = rendered_repository(recipe, tmp_path, tmp_path)
    findings = list(repository_findings(repository, recipe))
    assert len(findings) == 3
    assert [finding for finding in findings if finding.problems] == []


@pytest.mark.triton
@pytest.mark.timeout(600)
def test_a_turn_is_spoken_on_the_rendered_repository(rendered: Path, tmp_path: Path) -> None:
    finding = spoken_turn(rendered, tmp_path)
    assert finding.problems == ()
    assert (tmp_path / "reply.wav").stat().st_size > 10_000


def _configs(
    rendered: Path, model: str, old: str, new: str, folder: Path
) -> tuple[dict[str, Any], list[str]]:
    """The configs of a copy of the repository in which `old` in one model's config is `new`."""
    shutil.copytree(rendered, folder / "models")
    file = folder / "models" / model / "config.pbtxt"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return read_configs(folder / "models")


def test_a_config_that_triton_cannot_read_is_named(rendered: Path, tmp_path: Path) -> None:
    _, problems = _configs(rendered, "vad", "max_batch_size", "max_bath_size", tmp_path)
    assert len(problems) == 1
    assert problems[0].startswith("vad/config.pbtxt: ")


@pytest.mark.parametrize(
    ("model", "old", "new", "found"),
    [
        (
            "chat",
            '"text_output" data_type: TYPE_STRING',
            '"text_output" data_type: TYPE_INT8',
            "output text_output is ('STRING'",
        ),
        ("postprocessing", '"OUTPUT"', '"TEXT"', "postprocessing has no output OUTPUT"),
        ("chat", 'value: "max_tokens"', 'value: "tokens_at_most"', "made by no step"),
    ],
)
def test_a_tensor_that_changes_on_its_way_is_found(
    rendered: Path, tmp_path: Path, model: str, old: str, new: str, found: str
) -> None:
    configs, problems = _configs(rendered, model, old, new, tmp_path)
    assert problems == []
    assert found in " ".join(ensemble_problems(configs))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "old", "new", "found"),
    [
        ("vad", '"STATE" data_type: TYPE_FP32', '"STATE" data_type: TYPE_FP16', "STATE is sent as FP32"),
        ("whisper", '"FALLBACK"', '"FALL_BACK"', "whisper: has no input FALLBACK"),
        ("whisper", '"AVG_LOGPROB"', '"LOGPROB"', "AVG_LOGPROB"),
        ("end_of_turn", '"AUDIO"', '"SOUND"', "end_of_turn: input SOUND is missing"),
        (
            "tts",
            '"SPEED" data_type: TYPE_FP32 dims: [ 1 ]',
            '"SPEED" data_type: TYPE_FP32 dims: [ 2 ]',
            "SPEED",
        ),
    ],
)
async def test_a_call_that_a_model_would_refuse_is_found(
    rendered: Path, tmp_path: Path, model: str, old: str, new: str, found: str
) -> None:
    configs, _ = _configs(rendered, model, old, new, tmp_path)
    assert found in " ".join(await client_call_problems(configs))


@pytest.mark.anyio
async def test_a_model_that_is_gone_is_found(rendered: Path) -> None:
    configs, _ = read_configs(rendered)
    del configs["tts"]
    assert "asks tts, which the repository lacks" in " ".join(await client_call_problems(configs))


def test_a_folder_without_its_version_is_found(rendered: Path, tmp_path: Path) -> None:
    shutil.copytree(rendered, tmp_path / "models")
    shutil.rmtree(tmp_path / "models" / "vad" / "1")
    configs, _ = read_configs(tmp_path / "models")
    assert "vad: has no version folder 1/" in list(config_problems(tmp_path / "models", configs))


@pytest.mark.parametrize(
    ("file", "old", "new", "check", "found"),
    [
        ("docker/triton.Dockerfile", "USER 1000:1000", "RUN cd /tmp && sudo ls", "hadolint", "sudo"),
        ("docker/compose.yaml", "shm_size", "shm_sized", "schema", "shm_sized"),
        ("docker/compose.cpu.yaml", "${PORT:-8000}", "${PORT:-8000", "docker compose", "PORT"),
        ("systemd/status", '"$server/ready" ||', "$server/ready ||", "shellcheck", "SC2086"),
        ("systemd/beautyai-triton.service", "Restart=always", "Restart=sometimes", "systemd", "sometimes"),
    ],
)
def test_a_linter_finds_what_is_broken(
    tmp_path: Path, file: str, old: str, new: str, check: str, found: str
) -> None:
    finding = _finding(check, lint(_broken_copy(tmp_path, file, old, new)))
    if finding.skipped:
        pytest.skip(finding.skipped)
    assert found in " ".join(finding.problems)


def _broken_copy(folder: Path, file: str, old: str, new: str) -> Path:
    root = Path(__file__).parents[2]
    for part in ("docker", "systemd", "docs", ".ci", "benchmarks/perf_analyzer"):
        copy = shutil.copytree if (root / part).is_dir() else shutil.copyfile
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy(root / part, folder / part)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def _finding(check: str, findings: Iterable[Finding]) -> Finding:
    return next(finding for finding in findings if check in finding.check)
