"""Triton's side of the `preprocessing` model. The work is in `chat_prompt.py` and `tokens.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

from .chat_prompt import ChatPrompt, parse_messages
from .errors import InvalidInputError
from .settings import Settings
from .tokens import Tokens, word_list


class TritonPythonModel:
    """Turns each request of batch 1 into the inputs of `tensorrt_llm`."""

    def initialize(self, args: dict[str, str]) -> None:
        parameters = json.loads(args["model_config"])["parameters"]
        self._settings = Settings.parse({k: v["string_value"] for k, v in parameters.items()}, os.environ)
        self._tokens = Tokens(self._settings.tokenizer_dir)
        self._chat = ChatPrompt(self._tokens)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        try:
            return pb_utils.InferenceResponse(self._outputs(request))
        except InvalidInputError as error:
            return _refusal(str(error), pb_utils.TritonError.INVALID_ARG)
        except Exception as error:
            pb_utils.Logger.log_error(f"preprocessing: {error!r}")
            return _refusal("preprocessing failed; the server's log says why", pb_utils.TritonError.INTERNAL)

    def _outputs(self, request: Any) -> list[Any]:
        prompt = self._prompt(request)
        stop_words = [self._tokens.encode(word) for word in _strings(request, "STOP_WORDS_DICT")]
        stop_words += [[token] for token in self._tokens.other_end_ids]
        bad_words = [self._tokens.encode(word) for word in _strings(request, "BAD_WORDS_DICT")]
        return [
            _tensor("INPUT_ID", [prompt]),
            _tensor("REQUEST_INPUT_LEN", [[len(prompt)]]),
            _tensor("REQUEST_OUTPUT_LEN", [[_value(request, "REQUEST_OUTPUT_LEN", 0)]]),
            _tensor("STOP_WORDS_IDS", [word_list(stop_words)]),
            _tensor("BAD_WORDS_IDS", [word_list(bad_words)]),
            _tensor("OUT_END_ID", [[_value(request, "END_ID", self._tokens.end_id)]]),
            _tensor("OUT_PAD_ID", [[_value(request, "PAD_ID", self._tokens.pad_id)]]),
        ]

    def _prompt(self, request: Any) -> list[int]:
        query, messages = _strings(request, "QUERY"), _strings(request, "MESSAGES")
        if len(query) + len(messages) != 1:
            raise InvalidInputError("MESSAGES: give either MESSAGES or QUERY, and one prompt per request")
        limit, name = self._settings.max_prompt_characters, "QUERY" if query else "MESSAGES"
        if len((query or messages)[0]) > limit:
            raise InvalidInputError(f"{name}: longer than {limit} characters")
        if messages:
            return self._chat.encode(
                parse_messages(messages[0]), bool(_value(request, "ENABLE_THINKING", False))
            )
        if not query[0]:
            raise InvalidInputError("QUERY: empty")
        return self._tokens.encode(query[0])


def _strings(request: Any, name: str) -> list[str]:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    values = [] if tensor is None else tensor.as_numpy().reshape(-1).tolist()
    try:
        return [value.decode() for value in values]
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name}: not UTF-8: {error}") from None


def _value(request: Any, name: str, default: Any) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return default if tensor is None else tensor.as_numpy().reshape(-1)[0]


def _tensor(name: str, values: Any) -> Any:
    return pb_utils.Tensor(name, np.array(values, dtype=np.int32))


def _refusal(message: str, status: Any) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, status))
