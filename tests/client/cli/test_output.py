from __future__ import annotations

import json

import pytest

from client.cli import output


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    long = "x" * 500
    output.show(output.table(("id", "n"), [("[red]a[/red]", 1.5), (long, None)], numbers=("n",)))
    out = capsys.readouterr().out
    assert long in out
    assert "[red]a[/red]" in out


def test_json_is_the_content_itself(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": "é"})
    output.print_json_line({"a": [1]})
    out = capsys.readouterr().out
    assert "é" in out
    assert json.loads(out.splitlines()[-1]) == {"a": [1]}


def test_an_object_is_flat_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    output.show(
        output.pairs({"memory": {"used": 5, "free": None}, "names": ["a", "b"], "on": True, "no": {}})
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["memory.used", "5"],
        ["memory.free", "-"],
        ["names", "a,", "b"],
        ["on", "yes"],
        ["no", "-"],
    ]


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (2e9, "2.0 GB"), (3e12, "3.0 TB"), (None, "-")],
)
def test_sizes_have_their_unit(count: float | None, shown: str) -> None:
    assert output.size(count) == shown


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress() as bar:
        bar.advance(bar.add_task("work", total=1))
    with output.waiting("loading"):
        pass
    assert capsys.readouterr() == ("", "")
