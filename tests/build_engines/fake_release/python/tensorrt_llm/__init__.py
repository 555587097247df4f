"""As much of TensorRT-LLM's Python API as `answering` uses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(kw_only=True)
class SamplingParams:
    """tensorrt_llm/sampling_params.py, the fields in use."""

    end_id: int | None = None
    pad_id: int | None = None
    max_tokens: int = 32
    top_k: int | None = None
    return_generation_logits: bool = False
    detokenize: bool = True
