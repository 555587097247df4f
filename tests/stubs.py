"""The Python processes that run Triton's models."""

from __future__ import annotations

import psutil


def stub_of(model: str, triton_pid: int) -> psutil.Process:
    """The process of a model; the newest where an unloaded one is still on its way out."""
    stubs = [
        child
        for child in psutil.Process(triton_pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and f"/{model}/" in " ".join(child.cmdline())
    ]
    return max(stubs, key=lambda stub: stub.create_time())
