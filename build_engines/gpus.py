"""The GPUs that recipes are written for: what they can compute with, and how much they hold.

Memory is what the driver reports as total, in MiB, rounded down; bandwidth is the data sheet's. Sources: NVIDIA's data
sheets (H100 SXM5, H200 SXM, A100 80GB SXM, L40S); compute capabilities: developer.nvidia.com/cuda-gpus.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20
GIB = 2**30


@dataclass(frozen=True)
class Gpu:
    """One model of GPU."""

    name: str
    product: str
    """What `nvidia-smi` prints as name contains this."""
    compute_capability: str
    memory_bytes: int
    memory_bytes_per_second: float
    has_fp8: bool


def _gpu(name: str, product: str, capability: str, memory_mib: int, terabytes_per_second: float) -> Gpu:
    # Tensor cores compute with FP8 from Ada (8.9) on.
    has_fp8 = tuple(int(part) for part in capability.split(".")) >= (8, 9)
    return Gpu(name, product, capability, memory_mib * MIB, terabytes_per_second * 1e12, has_fp8)


GPUS = {
    gpu.name: gpu
    for gpu in (
        _gpu("h100", "H100", "9.0", 81_000, 3.35),
        _gpu("h200", "H200", "9.0", 143_000, 4.8),
        _gpu("a100", "A100", "8.0", 81_000, 2.0),
        _gpu("l40s", "L40S", "8.9", 45_000, 0.864),
    )
}
