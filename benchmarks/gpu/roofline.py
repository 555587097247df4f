"""The least time of a token: every weight is read once from the GPU's memory. Pure.

A batch shares the reading, so that it holds for every concurrency, while KV cache and arithmetic come on top. With
tensor parallelism each GPU reads its own part. Bytes are those on disk, and so a little too many: of the embedding
table a token reads one row, and in Qwen3-14B the table is 151936 × 5120 × 2 bytes = 1.6 GB. The true limit is lower by
that share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.gpu.gpus import BANDWIDTH, Memory
from benchmarks.gpu.machine import Gpu


@dataclass(frozen=True)
class Roofline:
    """`seconds_per_token` is None where it cannot be known, and `basis` says why, or how it was found."""

    seconds_per_token: float | None
    basis: str


def roofline(weights_bytes: int | None, gpus: Sequence[Gpu], engine_gpus: int) -> Roofline:
    """Of an engine whose weights are spread evenly over the first `engine_gpus` of the machine's GPUs."""
    if not gpus:
        return Roofline(None, "no GPU was found")
    if weights_bytes is None:
        return Roofline(None, "the size of the weights is not known: name the engine's folder with --weights")
    if engine_gpus > len(gpus):
        return Roofline(None, f"the engine is for {engine_gpus} GPUs and {len(gpus)} were found")
    memory = BANDWIDTH.get(gpus[0].name)
    if memory is None:
        return Roofline(None, f"the memory bandwidth of {gpus[0].name} is not in benchmarks/gpu/gpus.py")
    return Roofline(
        weights_bytes / (engine_gpus * memory.bytes_per_second), _basis(weights_bytes, engine_gpus, memory)
    )


def _basis(weights_bytes: int, engine_gpus: int, memory: Memory) -> str:
    each = f"{memory.bytes_per_second / 1e12:g} TB/s ({memory.source})"
    return f"{weights_bytes / 1e9:.2f} GB / {f'{engine_gpus} × ' if engine_gpus > 1 else ''}{each}"
