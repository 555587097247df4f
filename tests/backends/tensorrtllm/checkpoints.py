"""Checkpoints and configs for the LLM API's engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VOCABULARY = 100


def checkpoint(folder: Path, **changes: Any) -> Path:
    """A folder with the `config.json` of a small model."""
    folder.mkdir(exist_ok=True)
    content = {"vocab_size": VOCABULARY, "max_position_embeddings": 4096, **changes}
    (folder / "config.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def model_config(model_dir: Path, **changes: str | None) -> dict[str, Any]:
    """A parsed `config.pbtxt`; a change of None leaves a parameter out."""
    values = {"engine": "llmapi", "gpt_model_path": str(model_dir), "max_seq_len": "64"}
    values |= {"max_num_tokens": "64", "max_queue_size": "2", "cancellation_check_period_ms": "10"}
    merged = {**values, **changes}
    parameters = {name: {"string_value": value} for name, value in merged.items() if value is not None}
    return {"max_batch_size": 2, "parameters": parameters}
