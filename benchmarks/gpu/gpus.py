"""Memory bandwidth of GPUs by the name that the driver gives them. Only data, with its sources.

Peak figures of NVIDIA's own datasheets and product pages (nvidia.com/en-us/data-center/h100, /h200, /a100, /l40s, /l4,
/dgx-b200; nvidia.com/en-us/geforce for RTX), decimal bytes per second. A name that is not here has no roofline.
"""

from __future__ import annotations

from dataclasses import dataclass

_TB = 1e12


@dataclass(frozen=True)
class Memory:
    """Bytes per second between a GPU and its own memory, and who says so."""

    bytes_per_second: float
    source: str


BANDWIDTH = {
    "NVIDIA B200": Memory(8.0 * _TB, "DGX B200 datasheet, 64 TB/s of 8 GPUs"),
    "NVIDIA H200": Memory(4.8 * _TB, "H200 datasheet"),
    "NVIDIA H200 NVL": Memory(4.8 * _TB, "H200 datasheet"),
    "NVIDIA H100 80GB HBM3": Memory(3.35 * _TB, "H100 datasheet, SXM"),
    "NVIDIA H100 NVL": Memory(3.9 * _TB, "H100 datasheet, NVL"),
    "NVIDIA H100 PCIe": Memory(2.0 * _TB, "H100 datasheet, PCIe"),
    "NVIDIA A100-SXM4-80GB": Memory(2.039 * _TB, "A100 datasheet, 80GB SXM"),
    "NVIDIA A100 80GB PCIe": Memory(1.935 * _TB, "A100 datasheet, 80GB PCIe"),
    "NVIDIA A100-SXM4-40GB": Memory(1.555 * _TB, "A100 datasheet, 40GB"),
    "NVIDIA A100-PCIE-40GB": Memory(1.555 * _TB, "A100 datasheet, 40GB"),
    "NVIDIA L40S": Memory(0.864 * _TB, "L40S datasheet"),
    "NVIDIA L4": Memory(0.3 * _TB, "L4 datasheet"),
    "NVIDIA GeForce RTX 4090": Memory(1.008 * _TB, "GeForce RTX 4090 product page"),
    "NVIDIA GeForce RTX 5090": Memory(1.792 * _TB, "GeForce RTX 5090 product page"),
}
