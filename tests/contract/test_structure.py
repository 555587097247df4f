"""docs/structure.md has a line for every source file, in the file's own words."""

from __future__ import annotations

from tests.contract.structure import PAGE, first_paragraph, page


def test_every_source_file_has_its_line() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_source_file_says_what_it_is_for() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    assert first_paragraph(PAGE.parents[1] / "orchestrator" / "turn.py") in page()
