"""What serves: Triton's version, the parameters of `tensorrt_llm`, and the engine on disk where it can be seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tritonclient.grpc.aio import InferenceServerClient

MODEL = "tensorrt_llm"


@dataclass(frozen=True)
class Served:
    """`parameters` are those of the model's configuration, `build` what the engine's own config.json says of it."""

    triton: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    build: Mapping[str, str] = field(default_factory=dict)
    weights_bytes: int | None = None
    gpus: int = 1


async def served(triton_url: str, weights: Path | None) -> Served:
    """`weights`: an engine's folder or a GGUF; None: the folder that the model's configuration names, if it is here.

    Raises:
        InferenceServerException, grpc.aio.AioRpcError: Triton does not answer.
    """
    async with InferenceServerClient(triton_url) as triton:
        metadata = await triton.get_server_metadata()
        answer = await triton.get_model_config(MODEL, as_json=True)
    parameters = {
        name: value["string_value"]
        for name, value in answer["config"].get("parameters", {}).items()
        if value.get("string_value")
    }
    return described(metadata.version, parameters, weights)


def described(triton: str, parameters: Mapping[str, str], weights: Path | None) -> Served:
    """As `served`, of what Triton has said."""
    folder = weights or Path(parameters.get("gpt_model_path") or "/nonexistent")
    config = folder / "config.json"
    build = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    mapping = build.get("pretrained_config", {}).get("mapping", {})
    return Served(triton, parameters, _build(build), weights_bytes(folder), int(mapping.get("world_size", 1)))


def weights_bytes(path: Path) -> int | None:
    """The size of a weights file, or of all `*.engine` files of a folder; None where there is nothing."""
    files = [path] if path.is_file() else sorted(path.glob("*.engine"))
    return sum(file.stat().st_size for file in files) or None


def _build(config: Mapping[str, Any]) -> dict[str, str]:
    """The figures of TensorRT-LLM's engine configuration that decide speed."""
    model, limits = config.get("pretrained_config", {}), config.get("build_config", {})
    quantization = model.get("quantization", {})
    named = {
        "TensorRT-LLM": config.get("version"),
        "architecture": model.get("architecture"),
        "dtype": model.get("dtype"),
        "quantization": quantization.get("quant_algo"),
        "KV cache": quantization.get("kv_cache_quant_algo"),
        **{name: limits.get(name) for name in ("max_batch_size", "max_num_tokens", "max_seq_len")},
    }
    return {name: str(value) for name, value in named.items() if value is not None}
