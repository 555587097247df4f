"""The production repository, rendered once, with the tokenizer of this machine's language model."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from production.check import rendered_repository


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tokenizer_dir = Path(os.environ["BEAUTYAI_TOKENIZER_DIR"])
    return rendered_repository("h100-fp8", tmp_path_factory.mktemp("production"), tokenizer_dir)
