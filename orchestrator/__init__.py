"""The orchestrator: WebSocket audio in, Triton's models behind, spoken answers out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("beautyai")
except PackageNotFoundError:  # copied into an image, not installed
    __version__ = "0+unknown"
