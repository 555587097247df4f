"""Every `config.pbtxt` of the repository, parsed by Triton's own protobuf."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

REPOSITORY = Path(__file__).resolve().parents[2] / "model_repository"
MODELS = sorted(path.parent.name for path in REPOSITORY.glob("*/config.pbtxt"))


def config(model: str) -> Any:
    """`model_repository/<model>/config.pbtxt`. Raises what the protobuf parser raises."""
    text = (REPOSITORY / model / "config.pbtxt").read_text(encoding="utf-8")
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def type_name(tensor: Any) -> str:
    """`FP32` for a tensor of a config."""
    return str(model_config_pb2.DataType.Name(tensor.data_type)).removeprefix("TYPE_")
