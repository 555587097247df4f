"""Keeps the tensors of a model alive until Triton's Python stub can do them no harm. Runs inside the stub only.

The stub lets go of tensors without holding the GIL in two places, and whoever lets go last frees them: on Python 3.13
that ends the process, on an older one it may corrupt memory. So Python holds on longer. `stub.hold_tensors` copies
this file beside `triton_python_backend_utils.py`, which imports it. `async_exec`, which no model here uses, stays as
it is. docs/decisions/0003 has the evidence.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from c_python_backend_utils import (  # type: ignore[import-not-found]
    InferenceRequest,
    InferenceResponseSender,
)

# A thread of the stub lets go of a call some milliseconds after its last response.
_RECENT_CALLS: deque[Any] = deque(maxlen=64)
_send = InferenceResponseSender.send
_exec = InferenceRequest.exec


def send(self: Any, response: Any = None, flags: int = 0) -> None:
    """Outlives what `send` drops: the outputs that nobody asked for."""
    held = response.output_tensors() if response is not None else []
    _send(self, response, flags)
    del held


def call(self: Any, decoupled: bool = False) -> Any:
    """Outlives what the stub's thread drops: the responses of a decoupled call made from inside (BLS)."""
    answer = _exec(self, decoupled)
    if decoupled:
        _RECENT_CALLS.append(answer)
    return answer


InferenceResponseSender.send = send
InferenceRequest.exec = call
