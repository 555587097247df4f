"""Triton's `config.pbtxt` as a typed value: read, changed strictly, written with a reason beside every parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from build_engines.errors import RenderError


def read_config(model_dir: Path) -> Any:
    """The `inference.ModelConfig` of `<model_dir>/config.pbtxt`.

    Raises: RenderError where there is none, or it is not one.
    """
    path = model_dir / "config.pbtxt"
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), model_config_pb2.ModelConfig())
    except FileNotFoundError:
        raise RenderError(
            f"{path} is missing: is {model_dir.parent} a model repository of this release?"
        ) from None
    except text_format.ParseError as error:
        raise RenderError(f"{path} is no config of Triton: {error}") from None


def write_config(model_dir: Path, config: Any, comments: Iterable[str], reasons: Mapping[str, str]) -> None:
    """Write `config.pbtxt`; `reasons` holds a line for every parameter that has one."""
    bare = model_config_pb2.ModelConfig()
    bare.CopyFrom(config)
    bare.ClearField("parameters")
    lines = [*(f"# {comment}" for comment in comments), "", text_format.MessageToString(bare, as_utf8=True)]
    for name in [
        *(name for name in reasons if name in config.parameters),
        *sorted(set(config.parameters) - set(reasons)),
    ]:
        lines += [f"# {reasons[name]}"] if name in reasons else []
        lines.append(_parameter(name, config.parameters[name].string_value))
    (model_dir / "config.pbtxt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def set_parameter(config: Any, name: str, value: str) -> None:
    """Give a parameter that the config has another value.

    Raises: RenderError for a parameter that the config does not have.
    """
    if name not in config.parameters:
        raise RenderError(
            f"{config.name}: there is no parameter '{name}' in its config.pbtxt; "
            f"it has {', '.join(sorted(config.parameters))}"
        )
    config.parameters[name].string_value = value


def _parameter(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'parameters {{ key: "{name}" value {{ string_value: "{escaped}" }} }}'
