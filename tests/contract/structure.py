"""`python -m tests.contract.structure`: the tables of docs/structure.md, made of the files' own first paragraphs."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "structure.md"
FOLDERS = (
    "backends",
    "benchmarks",
    "build_engines",
    "client",
    "embedded",
    "model_repository",
    "orchestrator",
    "production",
)
_TABLES = "### `backends/tensorrtllm/`"


def first_paragraph(file: Path) -> str:
    """What the file says of itself at its top."""
    source = file.read_text(encoding="utf-8")
    if file.suffix == ".js":
        found = re.match(r"/\*\*(.*?)\*/", source, re.DOTALL)
        documentation = re.sub(r"\n \* ?", "\n", found[1]) if found else ""
    else:
        documentation = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(documentation.strip().split("\n\n")[0].split())


def tables() -> str:
    """A table for each folder with source files, as Markdown."""
    listed = subprocess.run(
        ["git", "ls-files", *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    folders: defaultdict[Path, list[Path]] = defaultdict(list)
    for file in map(Path, listed.stdout.split()):
        if file.suffix in {".py", ".js"} and file.name != "__init__.py":
            folders[file.parent].append(file)
    return "\n".join(_table(folder, folders[folder]) for folder in sorted(folders))


def _table(folder: Path, files: list[Path]) -> str:
    rows = [f"| `{file.name}` | {first_paragraph(ROOT / file)} |" for file in sorted(files)]
    return "\n".join([f"### `{folder}/`", "", "| file | job |", "|---|---|", *rows, ""])


def page() -> str:
    """docs/structure.md as it should be."""
    return PAGE.read_text(encoding="utf-8").split(_TABLES)[0] + tables()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
