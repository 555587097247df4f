from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import typer

from client.cli.values import confirmed, named_values, read_json_object, write_json
from client.errors import WrongInput


def test_values_are_json_and_what_is_none_is_text() -> None:
    given = ["top_k=40", 'stop=["a=b"]', "seed=null", "voice=joe", "path=a=b", "empty="]
    values = {"top_k": 40, "stop": ["a=b"], "seed": None, "voice": "joe", "path": "a=b", "empty": ""}
    assert named_values(given) == values


@pytest.mark.parametrize("given", ["top_k", "=4"])
def test_a_value_without_a_name_is_wrong_usage(given: str) -> None:
    with pytest.raises(typer.BadParameter, match="NAME=VALUE"):
        named_values([given])


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"text": "é"})
    assert read_json_object(tmp_path / "a.json") == {"text": "é"}


def test_a_file_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": 1}'))
    assert read_json_object(Path("-")) == {"a": 1}


@pytest.mark.parametrize(("text", "complaint"), [("{", "is not JSON"), ("[1]", "holds no JSON object")])
def test_what_holds_no_object_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(WrongInput, match=complaint):
        read_json_object(tmp_path / "a.json")


def test_places_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match="cannot be read"):
        read_json_object(tmp_path / "none.json")
    with pytest.raises(WrongInput, match="cannot be written"):
        write_json(tmp_path / "none" / "a.json", {})


def test_what_destroys_is_asked_for_and_a_pipe_must_say_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    confirmed("Delete?", yes=True)
    with pytest.raises(typer.BadParameter, match="--yes"):
        confirmed("Delete?", yes=False)
