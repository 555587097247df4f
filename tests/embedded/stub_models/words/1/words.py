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
                _send(sender, _tensors(word))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def _send(sender: Any, tensors: list[Any]) -> None:
    # The stub drops the tensors that nobody asked for without holding the GIL; `tensors` keeps them alive.
    sender.send(pb_utils.InferenceResponse(tensors))


def _tensors(word: bytes) -> list[Any]:
    samples = np.arange(1, len(word) + 1, dtype=np.int16).reshape(1, -1)
    return [pb_utils.Tensor("WORD", np.array([[word]], dtype=np.object_)), pb_utils.Tensor("AUDIO", samples)]
