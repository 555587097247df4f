from __future__ import annotations

from pathlib import Path

from build_engines.stamps import STAMP, begin, digest, finish, is_finished, stamp_of

INPUTS = {"command": ["trtllm-build", "--max_batch_size", "32"], "checkpoint": "abc"}


def test_a_folder_is_finished_with_exactly_its_inputs(tmp_path: Path) -> None:
    begin(tmp_path / "engine")
    assert not is_finished(tmp_path / "engine", INPUTS)
    finish(tmp_path / "engine", INPUTS)
    assert is_finished(tmp_path / "engine", INPUTS)
    assert not is_finished(tmp_path / "engine", INPUTS | {"checkpoint": "abd"})


def test_beginning_anew_removes_what_an_earlier_attempt_left(tmp_path: Path) -> None:
    begin(tmp_path / "engine")
    (tmp_path / "engine" / "rank0.engine").write_text("half")
    finish(tmp_path / "engine", INPUTS)
    begin(tmp_path / "engine")
    assert list((tmp_path / "engine").iterdir()) == []


def test_a_broken_stamp_is_no_stamp(tmp_path: Path) -> None:
    (tmp_path / STAMP).write_text('{"dig')
    assert stamp_of(tmp_path) is None


def test_the_order_of_inputs_does_not_matter() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
