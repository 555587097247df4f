"""docs/structure.md has a line for every source file, in the file's own words."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "orchestrator",
    "embedded",
    "client",
    "benchmarks",
    "build_engines",
    "production",
    "backends",
    "model_repository",
)


def first_paragraph(file: str) -> str:
    documentation = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or ""
    return " ".join(documentation.split("\n\n")[0].split())


def documented() -> dict[str, str]:
    lines: dict[str, str] = {}
    folder = ""
    for line in (ROOT / "docs" / "structure.md").read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"### `(.+)/`", line):
            folder = heading[1]
        elif folder and (row := re.match(r"\| `(\w+\.py)` \| (.*) \|$", line)):
            lines[f"{folder}/{row[1]}"] = row[2]
    return lines


def test_every_source_file_has_its_line() -> None:
    listed = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = [
        file for file in listed.stdout.split() if file.endswith(".py") and not file.endswith("__init__.py")
    ]
    assert documented() == {file: first_paragraph(file) for file in files}
