"""The tensors of NVIDIA's C++ `tensorrtllm` backend, from Python: Triton on one side, an engine on the other.

A model whose `config.pbtxt` says `backend: "tensorrtllm"` is served by this file when the folder above it is in
Triton's backend directory under that name: on a laptop, and in images whose TensorRT-LLM has no C++ backend any more.
Streamed responses carry new tokens only: `output_ids` [1, 1, n], `sequence_length` [1, 1] = n. The stream ends with an
empty final response.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils

if not __package__:
    # Triton imports this file as a lone module; its neighbours are found through the folder that they share (PEP 366).
    sys.path.append(str(Path(__file__).parent.parent))
    __package__ = Path(__file__).parent.name

from .engines import ENGINES, open_language_model
from .errors import BadRequestError, LlmError, QueueFullError, UnloadingError
from .parameters import parameter
from .request import TWIN_INPUTS, Generation, is_stop, parse_generation
from .sampling import Choice


class TritonPythonModel:
    """One loaded model."""

    @staticmethod
    def auto_complete_config(config: Any) -> Any:
        """Tell Triton, and through it every client, of the inputs that only llama.cpp's engine takes."""
        if parameter(config.as_dict(), "engine", ENGINES[0]) == "llama.cpp":
            for name, data_type in TWIN_INPUTS.items():
                config.add_input({"name": name, "data_type": data_type, "dims": [1], "optional": True})
        return config

    def initialize(self, args: dict[str, str]) -> None:
        model_config = json.loads(args["model_config"])
        self._input_names = [tensor["name"] for tensor in model_config["input"]]
        meter, log = _TritonMeter(args["model_name"]), pb_utils.Logger.log_error
        self._language_model = open_language_model(os.environ, model_config, meter, log)

    def execute(self, requests: list[Any]) -> None:
        """Hand the requests over and return at once; responses come from a thread of the engine."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._start(request, sender)
            except Exception as error:
                _finish(sender, error)

    def finalize(self) -> None:
        self._language_model.close()

    def _start(self, request: Any, sender: Any) -> None:
        tensors = {
            name: tensor for name in self._input_names if (tensor := _numpy(request, name)) is not None
        }
        if is_stop(tensors):
            self._language_model.stop(request.request_id())
            _finish(sender, None)
            return
        generation = parse_generation(tensors, self._language_model.limits)
        self._language_model.submit(request.request_id(), generation, _TritonListener(sender, generation))


class _TritonListener:
    """Turns the tokens of one generation into responses of one request."""

    def __init__(self, sender: Any, generation: Generation) -> None:
        self._sender = sender
        self._generation = generation
        self._choices: list[Choice] = []
        self._cum_log_prob = 0.0

    def is_cancelled(self) -> bool:
        return bool(self._sender.is_cancelled())

    def deliver(self, choice: Choice) -> None:
        self._choices.append(choice)
        if self._generation.streaming:
            self._respond()

    def finish(self, error: Exception | None) -> None:
        if error is None and not self._generation.streaming:
            self._respond()
        _finish(self._sender, error)

    def _respond(self) -> None:
        generation = self._generation
        tokens = [choice.token for choice in self._choices]
        if not (generation.streaming or generation.exclude_input_in_output):
            tokens = [*generation.prompt, *tokens]
        outputs = [_tensor("output_ids", [[tokens]]), _tensor("sequence_length", [[len(tokens)]])]
        if generation.return_log_probs:
            log_probs = [choice.log_prob for choice in self._choices]
            self._cum_log_prob += sum(log_probs)
            outputs.append(_tensor("output_log_probs", [[log_probs]], np.float32))
            outputs.append(_tensor("cum_log_probs", [[self._cum_log_prob]], np.float32))
        if generation.return_generation_logits:
            logits = [choice.logits for choice in self._choices]
            outputs.append(_tensor("generation_logits", [[logits]], np.float32))
        if generation.return_num_input_tokens:
            outputs.append(_tensor("num_input_tokens", [[len(generation.prompt)]]))
        if generation.return_num_output_tokens:
            outputs.append(_tensor("num_output_tokens", [[len(self._choices)]]))
        self._choices = []
        self._sender.send(pb_utils.InferenceResponse(outputs))


class _TritonMeter:
    """Prometheus metrics on Triton's metrics port."""

    def __init__(self, model_name: str) -> None:
        def metric(name: str, description: str, kind: Any) -> Any:
            family = pb_utils.MetricFamily(name=f"beautyai_llm_{name}", description=description, kind=kind)
            return family, family.Metric(labels={"model": model_name})

        counter, gauge = pb_utils.MetricFamily.COUNTER, pb_utils.MetricFamily.GAUGE
        # The families are kept: Triton drops the metrics of a family that nobody holds.
        self._families, metrics = zip(
            metric("tokens_total", "Output tokens computed", counter),
            metric("prompt_tokens_total", "Prompt tokens computed", counter),
            metric("reused_prompt_tokens_total", "Prompt tokens found in the cache", counter),
            metric("active_requests", "Requests in a slot", gauge),
            metric("waiting_requests", "Requests that wait for a slot", gauge),
            strict=True,
        )
        self._tokens, self._prompt_tokens, self._reused_tokens, self._active, self._waiting = metrics
        self._load = (0, 0)

    def step(self, generated: int, prompt: int) -> None:
        self._tokens.increment(generated)
        if prompt:
            self._prompt_tokens.increment(prompt)

    def load(self, active: int, waiting: int, reused: int) -> None:
        if reused:
            self._reused_tokens.increment(reused)
        if (active, waiting) != self._load:
            self._load = (active, waiting)
            self._active.set(active)
            self._waiting.set(waiting)


def _finish(sender: Any, error: Exception | None) -> None:
    # One response: Triton 2.51 dies of an error whose final flag comes apart, when the client wants gRPC statuses.
    response = (
        None if error is None else pb_utils.InferenceResponse(output_tensors=[], error=_triton_error(error))
    )
    sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def _triton_error(error: Exception) -> Any:
    if isinstance(error, BadRequestError):
        return pb_utils.TritonError(str(error), pb_utils.TritonError.INVALID_ARG)
    if isinstance(error, QueueFullError | UnloadingError):
        return pb_utils.TritonError(str(error), pb_utils.TritonError.UNAVAILABLE)
    if not isinstance(error, LlmError):
        pb_utils.Logger.log_error(f"unexpected: {error!r}")
    message = "the generation failed inside the engine; see the server's log"
    return pb_utils.TritonError(message, pb_utils.TritonError.INTERNAL)


def _numpy(request: Any, name: str) -> Any:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else tensor.as_numpy()


def _tensor(name: str, values: list[Any], dtype: type[np.generic] = np.int32) -> Any:
    return pb_utils.Tensor(name, np.array(values, dtype=dtype))
