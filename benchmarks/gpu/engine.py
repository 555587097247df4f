"""What serves: Triton's version, the parameters of `tensorrt_llm`, and its engine or weights where they can be seen."""

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
    """`parameters` are those of the model's configuration, `build` what engine's or weights' own config.json says."""

    triton: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    build: Mapping[str, str] = field(default_factory=dict)
    weights_bytes: int | None = None
    gpus: int = 1


async def served(triton_url: str, weights: Path | None) -> Served:
    """`weights`: a folder of an engine or of the hub's weights, or a GGUF; None: what the configuration names, if here.

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
    gpus = int(parameters.get("tensor_parallel_size") or mapping.get("world_size", 1))
    facts = _checkpoint(build) if "architectures" in build else _build(build)
    return Served(triton, parameters, facts, weights_bytes(folder), gpus)


def weights_bytes(path: Path) -> int | None:
    """The size of a file, or of a folder's `*.engine` or else `*.safetensors`; None where there is nothing."""
    files = [path] if path.is_file() else sorted(path.glob("*.engine")) or sorted(path.glob("*.safetensors"))
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


def _checkpoint(config: Mapping[str, Any]) -> dict[str, str]:
    """The same of weights as the hub holds them, which the LLM API serves; their limits are parameters."""
    quantization = config.get("quantization_config", {})
    named = {
        "architecture": config["architectures"][0],
        "dtype": config.get("torch_dtype"),
        "quantization": quantization.get("quant_method"),
        "quantization blocks": quantization.get("weight_block_size"),
    }
    return {name: str(value) for name, value in named.items() if value is not None}
