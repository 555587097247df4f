from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import (
    BackendLost,
    BrokenFile,
    ModelConflict,
    ModelUnloaded,
    UnknownModel,
)
from orchestrator.registry.entry import ModelEntry, RegistryDocument
from orchestrator.registry.registry import Registry

LANGUAGE = ModelEntry(triton_model="tensorrt_llm", engine="llama.cpp", weights="/weights/a.gguf")
EARS = ModelEntry(triton_model="whisper", engine="ctranslate2", weights="/weights/base")
RUNTIME = RegistryDocument(
    default="small",
    serving={"tensorrt_llm": "small", "whisper": "base"},
    started_with={"tensorrt_llm": "small", "whisper": "base"},
    models={"small": LANGUAGE, "base": EARS},
)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry(tmp_path)
    registry.found(RUNTIME)
    return registry


def test_before_the_first_start_nothing_is_known(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert not registry.exists
    with pytest.raises(BackendLost):
        registry.language_model()


def test_a_second_process_reads_what_the_first_has_written(registry: Registry) -> None:
    other = Registry(registry.path.parent)
    registry.add("more", LANGUAGE.model_copy(update={"default_parameters": {"temperature": 0.1}}))
    assert other.entry("more").default_parameters == {"temperature": 0.1}
    assert other.document.default == "small"


def test_a_request_is_answered_by_the_model_that_is_loaded(registry: Registry) -> None:
    registry.add("other", LANGUAGE)
    assert registry.language_model() == registry.language_model("small") == "small"
    with pytest.raises(UnknownModel, match="nobody"):
        registry.language_model("nobody")
    with pytest.raises(UnknownModel, match="no language model"):
        registry.language_model("base")
    with pytest.raises(ModelUnloaded, match="/models/other/load"):
        registry.language_model("other")


def test_the_model_that_takes_the_place_of_the_default_becomes_it(registry: Registry) -> None:
    registry.add("other", LANGUAGE)
    registry.serves("tensorrt_llm", "other")
    assert registry.language_model() == "other"
    registry.serves("tensorrt_llm", None)
    assert registry.document.default == "other"
    with pytest.raises(ModelUnloaded):
        registry.language_model()


def test_a_model_that_is_served_is_not_removed_and_keeps_its_model_of_triton(registry: Registry) -> None:
    with pytest.raises(ModelConflict):
        registry.remove("base")
    with pytest.raises(ModelConflict):
        registry.update("base", EARS.model_copy(update={"triton_model": "other"}))
    registry.serves("whisper", None)
    registry.remove("base")
    assert "base" not in registry.document.models


def test_what_was_chosen_holds_over_a_restart_until_the_runtime_is_changed(registry: Registry) -> None:
    registry.add("tiny", EARS)
    registry.serves("whisper", "tiny")
    registry.update("small", LANGUAGE.model_copy(update={"description": "ours"}))
    moved = LANGUAGE.model_copy(update={"weights": "/elsewhere/a.gguf"})
    registry.found(RUNTIME.model_copy(update={"models": {"small": moved, "base": EARS}}))
    assert registry.document.serving["whisper"] == "tiny"
    assert registry.entry("small").weights == "/elsewhere/a.gguf"
    assert registry.entry("small").description == "ours"
    changed = {"tensorrt_llm": "small", "whisper": "turbo"}
    registry.found(
        RegistryDocument(default="small", started_with=changed, models={"small": LANGUAGE, "turbo": EARS})
    )
    assert registry.document.serving["whisper"] == "turbo"


def test_a_restored_registry_knows_what_is_served_now(registry: Registry) -> None:
    registry.set_default("small")
    registry.update("small", LANGUAGE.model_copy(update={"description": "before"}))
    registry.update("small", LANGUAGE.model_copy(update={"description": "after"}))
    registry.add("later", EARS)
    registry.serves("whisper", "later")
    registry.add("forgotten", EARS)
    before = next(backup.name for backup in registry.backups() if "before" in _text(registry, backup.name))
    registry.restore(before)
    assert registry.entry("small").description == "before"
    assert registry.document.serving["whisper"] == "later"
    assert "forgotten" not in registry.document.models


def _text(registry: Registry, name: str) -> str:
    return (registry.path.parent / "backups" / name).read_text()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"engine": "steam"}, "models.small.engine"),
        ({"default_parameters": {"temperature": 9}}, "temperature"),
        ({"colour": "red"}, "models.small.colour"),
    ],
)
def test_a_broken_file_is_told_with_line_and_reason_and_never_overwritten(
    registry: Registry, change: dict[str, Any], reason: str
) -> None:
    content = json.loads(registry.path.read_text())
    content["models"]["small"] |= change
    broken = json.dumps(content, indent=2)
    registry.path.write_text(broken)
    name = next(iter(change))
    line = next(n for n, text in enumerate(broken.splitlines(), 1) if f'"{name}":' in text)
    with pytest.raises(BrokenFile, match=f"line {line}: .*{reason}"):
        registry.entry("small")
    with pytest.raises(BrokenFile):
        registry.add("more", EARS)
    assert registry.path.read_text() == broken
    assert registry.language_model() == "small"


def test_a_broken_file_can_be_replaced_by_a_backup(registry: Registry) -> None:
    registry.add("more", EARS)
    registry.path.write_text("{")
    registry.restore(registry.backups()[0].name)
    assert set(registry.document.models) == {"small", "base"}
