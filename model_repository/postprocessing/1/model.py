"""Triton's side of the `postprocessing` model. The work is in `detokenizer.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils

from .detokenizer import Detokenizer


class TritonPythonModel:
    """Decodes each response of `tensorrt_llm` by itself."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"])["parameters"]
        folder = os.path.expandvars(parameters["tokenizer_dir"]["string_value"])
        tokenizer_json = Path(folder) / "tokenizer.json"
        if not tokenizer_json.is_file():
            raise pb_utils.TritonModelException(f"BEAUTYAI_TOKENIZER_DIR: there is no file {tokenizer_json}")
        self._detokenizer = Detokenizer(
            tokenizer_json, parameters["skip_special_tokens"]["string_value"] == "true"
        )

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        tokens = pb_utils.get_input_tensor_by_name(request, "TOKENS_BATCH").as_numpy()
        lengths = pb_utils.get_input_tensor_by_name(request, "SEQUENCE_LENGTH").as_numpy()
        if tokens.shape[:2] != lengths.shape:
            message = (
                f"SEQUENCE_LENGTH: shape {list(lengths.shape)} does not fit TOKENS_BATCH {list(tokens.shape)}"
            )
            return pb_utils.InferenceResponse(
                error=pb_utils.TritonError(message, pb_utils.TritonError.INVALID_ARG)
            )
        return pb_utils.InferenceResponse(
            [pb_utils.Tensor("OUTPUT", self._detokenizer.texts(tokens, lengths))]
        )
