"""Whether a model can be loaded here, asked before it is tried: each question, its answer, and why.

What cannot be seen from this process (the models' server may run on another machine, with other folders) is `unknown`,
and no reason to refuse: Triton then says itself what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestrator.machine import Gpu
from orchestrator.registry.entry import ModelEntry
from orchestrator.registry.overrides import weights_parameter

TENSORRT_LLM = "1.2.1"
"""The release whose engines the serving image runs; `build_engines/release.py` has the same."""
MEMORY_FACTOR = 1.3
"""Of the weights' size: buffers and caches beside them. An estimate, made too large rather than too small."""
RUNTIME_BYTES = 128_000_000
"""A process with its libraries, before it has read any weights. An estimate."""

Answer = Literal["passed", "failed", "unknown"]
_NEEDED = {
    "ctranslate2": ("model.bin", "config.json", "tokenizer.json"),
    "tensorrt_llm": ("config.json", "rank0.engine", "provenance.json"),
    "llmapi": ("config.json",),
}


@dataclass(frozen=True)
class Check:
    """One question and its answer."""

    name: Literal["repository", "weights", "tokenizer", "gpu", "release", "memory"]
    answer: Answer
    detail: str


@dataclass(frozen=True)
class Site:
    """Where a model would be loaded.

    shares_files: whether Triton sees the same folders as this process. repository: the models that Triton has folders
    for. freed_bytes: what the model takes that is unloaded for it.
    """

    shares_files: bool
    repository: Collection[str]
    host_free_bytes: int
    freed_bytes: int
    gpus: tuple[Gpu, ...]


def compatibility(entry: ModelEntry, site: Site) -> list[Check]:
    """Every check that this kind of model has."""
    checks = [_repository(entry, site), _weights(entry, site)]
    if entry.tokenizer is not None:
        checks.append(_tokenizer(Path(entry.tokenizer), site))
    if entry.engine in ("tensorrt_llm", "llmapi"):
        checks.append(_gpu(entry, site))
    if entry.engine == "tensorrt_llm":
        checks.append(_release(entry, site))
    return [*checks, _memory(entry, site)]


def _repository(entry: ModelEntry, site: Site) -> Check:
    if entry.triton_model in site.repository:
        return Check("repository", "passed", f"Triton's repository has {entry.triton_model}")
    known = ", ".join(sorted(site.repository))
    return Check("repository", "failed", f"Triton's repository has no {entry.triton_model}; it has {known}")


def _weights(entry: ModelEntry, site: Site) -> Check:
    if entry.weights is None:
        return Check("weights", "unknown", "the server's own configuration names them")
    if weights_parameter(entry) is None:
        reason = f"{entry.triton_model} takes no weights for the engine {entry.engine}"
        return Check("weights", "failed", f"{reason}; correct engine or triton_model")
    path = Path(entry.weights)
    try:
        return _weights_at(path, entry, site)
    except OSError as error:
        return Check("weights", "failed", f"{path} cannot be read: {error.strerror}")


def _weights_at(path: Path, entry: ModelEntry, site: Site) -> Check:
    if not path.exists():
        return _unseen("weights", f"there is nothing at {path}", site)
    missing = [name for name in _NEEDED.get(entry.engine, ()) if not (path / name).is_file()]
    if entry.engine == "piper" and not list(path.glob("*.onnx")):
        missing = ["*.onnx"]
    if missing:
        return Check("weights", "failed", f"{path} lacks {', '.join(missing)}")
    return Check("weights", "passed", f"{weight_bytes(entry) / 1e6:.0f} MB in {path}")


def _tokenizer(folder: Path, site: Site) -> Check:
    try:
        if not folder.exists():
            return _unseen("tokenizer", f"there is no folder {folder}", site)
        needed = ("tokenizer.json", "tokenizer_config.json")
        missing = [name for name in needed if not (folder / name).is_file()]
    except OSError as error:
        return Check("tokenizer", "failed", f"{folder} cannot be read: {error.strerror}")
    if missing:
        return Check("tokenizer", "failed", f"{folder} lacks {', '.join(missing)}")
    return Check("tokenizer", "passed", f"{folder}")


def _gpu(entry: ModelEntry, site: Site) -> Check:
    if not site.gpus:
        if site.shares_files:
            return Check("gpu", "failed", f"{entry.engine} needs an NVIDIA GPU, and NVML shows none here")
        return Check("gpu", "unknown", "the GPUs of the models' server are not visible from here")
    here = site.gpus[0]
    built_for = _provenance(entry).get("compute_capability")
    if built_for is None or built_for == here.compute_capability:
        return Check("gpu", "passed", f"{here.name}, compute capability {here.compute_capability}")
    product = _provenance(entry).get("gpu", "another GPU")
    return Check(
        "gpu",
        "failed",
        f"the engine was built on {product} (compute capability {built_for}), and here is {here.name} "
        f"({here.compute_capability}): build it here with `python -m build_engines`",
    )


def _release(entry: ModelEntry, site: Site) -> Check:
    built_with = _provenance(entry).get("tensorrt_llm")
    if built_with is None:
        return _unseen("release", "the engine has no provenance.json that says what built it", site)
    if built_with == TENSORRT_LLM:
        return Check("release", "passed", f"TensorRT-LLM {built_with}")
    return Check(
        "release",
        "failed",
        f"the engine was built with TensorRT-LLM {built_with}, and {TENSORRT_LLM} serves: build it anew",
    )


def _memory(entry: ModelEntry, site: Site) -> Check:
    size = weight_bytes(entry)
    if size == 0:
        return Check("memory", "unknown", "the size of the weights is not known here")
    needed = round(size * MEMORY_FACTOR) + RUNTIME_BYTES
    on_gpu = entry.engine in ("tensorrt_llm", "llmapi")
    if on_gpu and not site.gpus:
        return Check("memory", "unknown", "the memory of the GPU is not visible from here")
    free = max(gpu.free_bytes for gpu in site.gpus) if on_gpu else site.host_free_bytes
    free += site.freed_bytes
    where = "GPU memory" if on_gpu else "memory"
    told = f"about {needed / 1e6:.0f} MB of {where} needed (estimated), {free / 1e6:.0f} MB free"
    return Check("memory", "passed" if needed <= free else "failed", told)


def weight_bytes(entry: ModelEntry) -> int:
    """The size of the weights, in a file or a flat folder; 0 where they are not visible here."""
    if entry.weights is None:
        return 0
    path = Path(entry.weights)
    try:
        files = [path] if path.is_file() else list(path.iterdir())
        return sum(file.stat().st_size for file in files if file.is_file())
    except OSError:
        return 0


def _provenance(entry: ModelEntry) -> dict[str, Any]:
    """What `build_engines` wrote beside the engine; empty where it cannot be read."""
    try:
        content = json.loads((Path(entry.weights or "/") / "provenance.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _unseen(name: Literal["weights", "tokenizer", "release"], detail: str, site: Site) -> Check:
    if site.shares_files:
        return Check(name, "failed", detail)
    return Check(name, "unknown", f"{detail} here; the models' server may see it")
