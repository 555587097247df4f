"""One response for each word: the word, and the numbers 1 to its length."""

from __future__ import annotations

from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """Decoupled, stateless."""

    def execute(self, requests: list[Any]) -> None:
        for request in requests:
            sender = request.get_response_sender()
            text = pb_utils.get_input_tensor_by_name(request, "TEXT").as_numpy()[0, 0]
            for word in text.split():
                sender.send(_spoken(word))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def _spoken(word: bytes) -> Any:
    samples = np.arange(1, len(word) + 1, dtype=np.int16).reshape(1, -1)
    tensors = [
        pb_utils.Tensor("WORD", np.array([[word]], dtype=np.object_)),
        pb_utils.Tensor("AUDIO", samples),
    ]
    return pb_utils.InferenceResponse(tensors)
