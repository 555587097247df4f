"""docs/api.md says what the OpenAPI document says."""

from __future__ import annotations

from pathlib import Path

from orchestrator.api.markdown import app_document, markdown

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_is_up_to_date() -> None:
    made = markdown(app_document())
    hint = "run `python -m orchestrator.api.markdown > docs/api.md` with BEAUTYAI_TOKENIZER_DIR set"
    assert PAGE.read_text(encoding="utf-8") == made, hint


def test_every_operation_has_a_place() -> None:
    document = app_document()
    page = markdown(document)
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"### `{method.upper()} {path}`" in page
