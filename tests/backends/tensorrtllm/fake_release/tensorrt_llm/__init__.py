"""The part of TensorRT-LLM's package that the backend uses, with its names and signatures, on a CPU without weights.

A real generator: it batches, samples, stops and aborts as the release does, over scores drawn from the tokens before.
"""

from __future__ import annotations

from .llm import LLM
from .sampling_params import SamplingParams

__version__ = "1.3.0rc26"
__all__ = ["LLM", "SamplingParams", "__version__"]
