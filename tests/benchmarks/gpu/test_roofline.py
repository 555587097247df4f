from __future__ import annotations

import pytest

from benchmarks.gpu.machine import Gpu
from benchmarks.gpu.roofline import roofline


def gpu(name: str) -> Gpu:
    return Gpu(name, "590", 81_559, 0, "700", "1980")


H100 = gpu("NVIDIA H100 80GB HBM3")


def test_a_token_takes_at_least_one_reading_of_the_weights() -> None:
    found = roofline(15_075_000_000, [H100], 1)
    assert found.seconds_per_token == pytest.approx(0.0045)
    assert found.basis == "15.07 GB / 3.35 TB/s (H100 datasheet, SXM)"


def test_two_gpus_read_half_each() -> None:
    found = roofline(15_075_000_000, [H100, H100], 2)
    assert found.seconds_per_token == pytest.approx(0.00225)
    assert "2 × 3.35 TB/s" in found.basis


def test_another_gpu_of_the_machine_does_not_help_an_engine_for_one() -> None:
    assert roofline(10**10, [H100, H100], 1) == roofline(10**10, [H100], 1)


@pytest.mark.parametrize(
    ("weights_bytes", "gpus", "engine_gpus", "reason"),
    [
        (10**9, [], 1, "no GPU was found"),
        (None, [H100], 1, "--weights"),
        (10**9, [gpu("NVIDIA X9")], 1, "bandwidth of NVIDIA X9 is not in"),
        (10**9, [H100], 2, "for 2 GPUs and 1 were found"),
    ],
)
def test_what_is_not_known_is_said(
    weights_bytes: int | None, gpus: list[Gpu], engine_gpus: int, reason: str
) -> None:
    found = roofline(weights_bytes, gpus, engine_gpus)
    assert found.seconds_per_token is None
    assert reason in found.basis
