"""What a step will take: disk, host memory, GPU memory, minutes. Pure, and estimates until an engine has been built.

Anchors: the only published build is a 27B model in FP8, with 148 GB of host memory, 28.8 GB of GPU memory and 250 to
423 s (TensorRT-Model-Connect, pull request 1386); the rest follows from the shapes in `models.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from build_engines.gpus import GIB
from build_engines.precisions import BYTES_PER_PARAMETER
from build_engines.recipe import Recipe

Step = Literal["download", "quantize", "build", "compare", "serve"]

HOST_BYTES_PER_PARAMETER = 6
"""Of a build: 148 GB for 27 billion parameters, rounded up."""
RUNTIME_BYTES = 3 * GIB
"""CUDA context, cuBLAS workspaces, decoder buffers."""
PARAMETERS_PER_SECOND = 27e9 / 423
"""The slower end of the published build."""
DOWNLOAD_BYTES_PER_SECOND = 100e6


@dataclass(frozen=True)
class Needs:
    """What must be free before a step starts. GPU memory is that of one GPU."""

    disk_bytes: int = 0
    host_bytes: int = 0
    gpu_bytes: int = 0
    minutes: float = 0.0


def estimate(step: Step, recipe: Recipe) -> Needs:
    """The needs of one step of one recipe."""
    model = recipe.model
    weights = model.weight_bytes(BYTES_PER_PARAMETER[recipe.precision])
    parameters = model.download_bytes // 2
    build_minutes = parameters / PARAMETERS_PER_SECOND / 60
    if step == "download":
        return Needs(
            disk_bytes=recipe.source_bytes, minutes=recipe.source_bytes / DOWNLOAD_BYTES_PER_SECOND / 60
        )
    if step == "quantize":
        loaded = model.download_bytes // recipe.gpu_count + RUNTIME_BYTES + model.download_bytes // 8
        gpu_bytes = loaded if recipe.precision == "fp8" else 0
        return Needs(weights, model.download_bytes + 8 * GIB, gpu_bytes, 3 + build_minutes)
    if step == "build":
        gpu_bytes = weights // recipe.gpu_count + RUNTIME_BYTES + activation_bytes(recipe)
        return Needs(weights, HOST_BYTES_PER_PARAMETER * parameters, gpu_bytes, build_minutes)
    return Needs(gpu_bytes=serving_bytes(recipe) if step == "serve" else _comparing_bytes(recipe), minutes=5)


def activation_bytes(recipe: Recipe) -> int:
    """The largest step's tensors between two layers, twice in BF16, and the logits of a full batch in FP32."""
    model, limits = recipe.model, recipe.engine
    row = 2 * model.intermediate_size + 6 * model.hidden_size
    return 4 * limits.max_step_tokens * row + 4 * limits.max_batch_size * model.vocabulary_size


def kv_cache_bytes(recipe: Recipe) -> int:
    """The whole KV cache, of all GPUs."""
    bytes_per_value = 1 if recipe.kv_cache_precision == "fp8" else 2
    return recipe.serving.kv_cache_tokens * recipe.model.kv_bytes_per_token(bytes_per_value)


def serving_bytes(recipe: Recipe) -> int:
    """One GPU's memory while the repository serves, Whisper and the voices included."""
    shared = recipe.model.weight_bytes(BYTES_PER_PARAMETER[recipe.precision]) + kv_cache_bytes(recipe)
    return (
        shared // recipe.gpu_count
        + activation_bytes(recipe)
        + RUNTIME_BYTES
        + recipe.serving.neighbours_bytes
    )


def _comparing_bytes(recipe: Recipe) -> int:
    reference = recipe.reference()
    weights = reference.model.weight_bytes(2) // reference.gpu_count
    one_conversation = reference.engine.max_sequence_tokens * reference.model.kv_bytes_per_token(2)
    return weights + activation_bytes(reference) + RUNTIME_BYTES + one_conversation
