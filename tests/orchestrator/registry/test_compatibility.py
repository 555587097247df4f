from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from build_engines.provenance import PROVENANCE, Provenance
from build_engines.release import TENSORRT_LLM as BUILT_FOR
from orchestrator.machine import Gpu
from orchestrator.registry.compatibility import TENSORRT_LLM, Site, compatibility
from orchestrator.registry.entry import ModelEntry

GB = 10**9
H100 = Gpu(0, "NVIDIA H100 80GB HBM3", "9.0", "590.44", 80 * GB, 10 * GB, None, None, None)
HERE = Site(True, ("tensorrt_llm", "whisper", "tts"), 8 * GB, 0, (H100,))


@pytest.fixture
def engine(tmp_path: Path) -> ModelEntry:
    """An engine as `build_engines` leaves it."""
    made = Provenance("h100-fp8", H100.name, "9.0", "590.44", BUILT_FOR)
    (tmp_path / PROVENANCE).write_text(json.dumps(vars(made)))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "rank0.engine").write_bytes(b"0" * 1000)
    return ModelEntry(triton_model="tensorrt_llm", engine="tensorrt_llm", weights=str(tmp_path))


def answers(entry: ModelEntry, site: Site) -> dict[str, str]:
    return {check.name: check.answer for check in compatibility(entry, site)}


def detail(entry: ModelEntry, site: Site, name: str) -> str:
    return next(check.detail for check in compatibility(entry, site) if check.name == name)


def test_an_engine_fits_the_gpu_and_the_release_that_it_was_built_for(engine: ModelEntry) -> None:
    assert BUILT_FOR == TENSORRT_LLM
    names = ("repository", "weights", "gpu", "release", "memory")
    assert answers(engine, HERE) == dict.fromkeys(names, "passed")


def test_another_gpu_and_another_release_are_named(engine: ModelEntry) -> None:
    a100 = replace(H100, name="NVIDIA A100", compute_capability="8.0")
    assert "built on NVIDIA H100 80GB HBM3" in detail(engine, replace(HERE, gpus=(a100,)), "gpu")
    path = Path(engine.weights or "") / PROVENANCE
    path.write_text(path.read_text().replace(BUILT_FOR, "1.3.0"))
    assert answers(engine, HERE)["release"] == "failed"
    path.write_text("[]")
    assert answers(engine, HERE)["release"] == "failed"


def test_memory_is_counted_with_what_the_model_before_gives_back(engine: ModelEntry) -> None:
    full = replace(H100, memory_used_bytes=H100.memory_bytes)
    assert answers(engine, replace(HERE, gpus=(full,)))["memory"] == "failed"
    assert answers(engine, replace(HERE, gpus=(full,), freed_bytes=GB))["memory"] == "passed"


def test_without_a_gpu_an_engine_for_one_is_refused(engine: ModelEntry) -> None:
    assert answers(engine, replace(HERE, gpus=()))["gpu"] == "failed"


def test_what_another_machine_may_have_is_unknown(engine: ModelEntry) -> None:
    there = replace(HERE, shares_files=False, gpus=())
    elsewhere = engine.model_copy(update={"weights": "/engines/llm", "tokenizer": "/tokenizer"})
    assert answers(elsewhere, there) == {
        "repository": "passed",
        **dict.fromkeys(("weights", "tokenizer", "gpu", "release", "memory"), "unknown"),
    }


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"weights": "/no/such/place"}, "weights"),
        ({"weights": "/" + "x" * 300}, "weights"),
        ({"tokenizer": "/" + "x" * 300}, "tokenizer"),
        ({"engine": "ctranslate2"}, "weights"),
        ({"tokenizer": "/no/such/place"}, "tokenizer"),
        ({"triton_model": "nobody", "weights": None}, "repository"),
    ],
)
def test_what_is_missing_is_named(engine: ModelEntry, changes: dict[str, Any], failed: str) -> None:
    assert answers(engine.model_copy(update=changes), HERE)[failed] == "failed"
