"""The one release that everything here is written for, and the image that carries it."""

from __future__ import annotations

TENSORRT_LLM = "1.2.1"
"""The last stable release that compiles engines and serves them from C++."""

SERVING_IMAGE = "nvcr.io/nvidia/tritonserver:26.07-trtllm-python-py3"
"""The newest image of that release (triton-inference-server/server, docs/introduction/compatibility.md)."""

IMAGE_EXAMPLES = "/app/examples"
"""Where that image keeps NVIDIA's quantization and conversion scripts."""
