"""Machines on paper, for what is decided about machines."""

from __future__ import annotations

from dataclasses import replace

from build_engines.gpus import GIB, GPUS
from build_engines.machine import InstalledGpu, Machine

PRODUCTS = {
    "h100": "NVIDIA H100 80GB HBM3",
    "h200": "NVIDIA H200",
    "a100": "NVIDIA A100-SXM4-80GB",
    "l40s": "NVIDIA L40S",
}


def machine(gpu: str = "h100", gpus: int = 1, **changes: object) -> Machine:
    """A machine that suits every recipe of its GPU, with some changes."""
    known = GPUS[gpu]
    installed = InstalledGpu(
        PRODUCTS[gpu], known.compute_capability, known.memory_bytes, known.memory_bytes, "590.44.01"
    )
    suitable = Machine((installed,) * gpus, 500 * GIB, 256 * GIB, "1.2.1")
    return replace(suitable, **changes)  # type: ignore[arg-type]
