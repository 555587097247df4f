"""Which precisions TensorRT-LLM 1.2.1 compiles for dense Qwen3, on which GPUs, and why not the others.

Sources: NVIDIA/TensorRT-LLM pull request 5650 (Qwen3 in the engine path: FP16 and FP8), issues 10739 and 10735 (no AWQ
for Qwen3 in the engine path), docs/source/features/quantization.md (NVFP4), examples/quantization/quantize.py.
"""

from __future__ import annotations

from typing import Literal, get_args

from build_engines.errors import UnsupportedPrecisionError
from build_engines.gpus import Gpu

Precision = Literal["bf16", "fp8", "int8_wo"]

BYTES_PER_PARAMETER: dict[Precision, int] = {"bf16": 2, "fp8": 1, "int8_wo": 1}

_NO_AWQ = (
    "TensorRT-LLM 1.2.1 does not compile AWQ weights of Qwen3: its maintainers say that AWQ is not supported in the "
    "TensorRT workflow (NVIDIA/TensorRT-LLM issues 10739 and 10735). Use fp8"
)
REFUSED = {
    "int4_awq": _NO_AWQ,
    "w4a8_awq": _NO_AWQ,
    "int4_wo": "nobody has shown INT4 weight-only Qwen3 engines, and their answers suffer; use fp8",
    "int8_sq": "nobody has shown SmoothQuant of Qwen3 with TensorRT-LLM 1.2.1; use int8_wo or bf16",
    "nvfp4": "NVFP4 needs a Blackwell GPU, and no recipe here is for one; use fp8",
}


def refuse_unknown(precision: str) -> None:
    """Raises: UnsupportedPrecisionError with the reason, unless engines of this precision can be made."""
    if precision in REFUSED:
        raise UnsupportedPrecisionError(f"precision '{precision}' is refused: {REFUSED[precision]}")
    if precision not in get_args(Precision):
        raise UnsupportedPrecisionError(
            f"precision '{precision}' is unknown, choose one of {', '.join(get_args(Precision))}"
        )


def refuse_without_fp8(gpu: Gpu) -> None:
    """Raises: UnsupportedPrecisionError where the GPU cannot compute with FP8."""
    if not gpu.has_fp8:
        raise UnsupportedPrecisionError(
            f"precision 'fp8' is refused: {gpu.product} (compute capability {gpu.compute_capability}) has no FP8 "
            "arithmetic, which begins with 8.9 (Ada); use bf16 there"
        )


def refuse_for_llmapi(precision: Precision, gpu: Gpu, published_in_fp8: bool) -> None:
    """Raises: UnsupportedPrecisionError where the hub has no such weights, or they are not shown to run on the GPU."""
    if precision == "int8_wo":
        raise UnsupportedPrecisionError(
            "precision 'int8_wo' is refused for llmapi: it is made by converting weights for a compiled engine; "
            "use fp8 or bf16"
        )
    if precision == "fp8" and not published_in_fp8:
        raise UnsupportedPrecisionError(
            "precision 'fp8' is refused for llmapi: no FP8 weights of this model are named in models.py; use bf16"
        )
    if precision == "fp8" and gpu.compute_capability != "9.0":
        raise UnsupportedPrecisionError(
            f"precision 'fp8' is refused for llmapi on {gpu.product}: Qwen's FP8 weights have a scale for each "
            "block, which is shown with TensorRT-LLM on Hopper only (H100, H200); use bf16 there"
        )
