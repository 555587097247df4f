"""The one release that everything here is written for, and the image that carries it."""

from __future__ import annotations

from pathlib import Path

# The one file that states images.
_IMAGES = Path(__file__).resolve().parent.parent / "docker" / "images.env"

TENSORRT_LLM = "1.2.1"
"""The last stable release that compiles engines and serves them from C++."""

SERVING_IMAGE = next(
    line.partition("=")[2]
    for line in _IMAGES.read_text(encoding="utf-8").splitlines()
    if line.startswith("TRITON_IMAGE=")
)
"""The newest image of that release (triton-inference-server/server, docs/introduction/compatibility.md)."""

IMAGE_EXAMPLES = "/app/examples"
"""Where that image keeps NVIDIA's quantization and conversion scripts."""
