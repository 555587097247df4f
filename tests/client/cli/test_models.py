"""`beautyai model` against the whole stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.cli.commands import Ran

pytestmark = pytest.mark.triton

Run = Callable[..., Ran]


@pytest.fixture
def spare(on_server: Run) -> Iterator[str]:
    """A model that was added, and is not loaded."""
    entry = ("--triton-model", "tensorrt_llm", "--engine", "llama.cpp", "--parameter", "temperature=0.2")
    ran = on_server("model", "add", "spare", *entry, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["state"], ran.json["default_parameters"]) == ("unloaded", {"temperature": 0.2})
    yield "spare"
    on_server("model", "remove", "spare", "--yes")


def test_models_are_listed_and_shown(on_server: Run) -> None:
    content = on_server("model", "list", "--json").json
    assert {"ready"} == {each["state"] for each in content["models"]}
    out = on_server("model", "list").out
    assert any(line.split()[:2] == ["*", content["default"]] for line in out.splitlines())
    shown = on_server("model", "show", content["default"]).out
    assert "max_new_tokens" in shown
    assert "cannot num_beams" in shown
    assert "weights passed" in shown


def test_a_model_is_changed_where_it_was_asked_for_and_removed(on_server: Run, spare: str) -> None:
    changed = on_server(
        "model", "update", spare, "--description", "for tests", "--parameter", "top_k=5", "--json"
    )
    assert changed.json["description"] == "for tests"
    assert changed.json["default_parameters"] == {"temperature": 0.2, "top_k": 5}
    assert changed.json["engine"] == "llama.cpp"
    assert on_server("model", "update", spare).code == 2
    assert on_server("model", "remove", spare, "--yes").code == 0
    assert on_server("model", "show", spare).code == 5


def test_a_model_comes_from_a_file_and_an_option_is_stronger(on_server: Run, tmp_path: Path) -> None:
    entry = {"triton_model": "tensorrt_llm", "engine": "llama.cpp", "description": "from the file"}
    (tmp_path / "model.json").write_text(json.dumps(entry))
    made = on_server(
        "model", "add", "filed", "--file", str(tmp_path / "model.json"), "--quantization", "Q8_0", "--json"
    )
    assert (made.json["description"], made.json["quantization"]) == ("from the file", "Q8_0")
    assert on_server("model", "remove", "filed", "--yes").code == 0


def test_what_a_model_cannot_do_as_things_stand_exits_6(on_server: Run, spare: str) -> None:
    for ran in (
        on_server("model", "set-default", spare),
        on_server("model", "add", spare, "--triton-model", "tts", "--engine", "piper"),
        on_server("model", "add", "wrong", "--engine", "steam"),
    ):
        assert (ran.code, ran.err.count("\n")) == (6, 1), ran.err
    assert on_server("model", "load", "none").code == 5


def test_a_model_is_unloaded_loaded_and_the_default_again(on_server: Run) -> None:
    default = on_server("model", "list", "--json").json["default"]
    assert on_server("model", "unload", default, "--json").json["state"] != "ready"
    try:
        assert on_server("model", "show", default, "--json").json["state"] in ("unloaded", "unloading")
    finally:
        loaded = on_server("model", "load", default, "--json")
    assert (loaded.code, loaded.json["state"]) == (0, "ready"), loaded.err
    again = on_server("model", "set-default", default, "--json")
    assert (again.code, again.json["default"]) == (0, True)


def test_the_registry_is_brought_back_from_a_backup(on_server: Run, spare: str) -> None:
    assert on_server("model", "update", spare, "--description", "changed", "--json").code == 0
    newest = on_server("model", "backups", "--json").json["backups"][0]["name"]
    assert newest in on_server("model", "backups").out
    assert on_server("model", "restore", newest, "--yes").code == 0
    assert on_server("model", "show", spare, "--json").json["description"] == ""
    assert on_server("model", "restore", "none", "--yes").code == 5
