"""`LLM`: continuous batching in a thread of its own, over scores drawn from the prompt and the last two tokens."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .llmapi import KvCacheConfig, SchedulerConfig
from .result import RequestOutput
from .sampling_params import SamplingParams

STEP_SECONDS = 0.006
LIKELY_LENGTH = 12
"""From this many tokens on the end is the likeliest token, wherever one may end."""


@dataclass(eq=False)
class _Request:
    prompt: list[int]
    params: SamplingParams
    result: RequestOutput = field(init=False)
    output: list[int] = field(default_factory=list)
    aborted: bool = False

    def __post_init__(self) -> None:
        self.random = np.random.Generator(np.random.PCG64(self.params.seed or 0))


class LLM:
    """tensorrt_llm/llmapi/llm.py and TorchLlmArgs, as far as they are used."""

    def __init__(
        self,
        model: str,
        *,
        skip_tokenizer_init: bool = False,
        tensor_parallel_size: int = 1,
        max_batch_size: int = 2048,
        max_seq_len: int | None = None,
        max_num_tokens: int = 8192,
        enable_chunked_prefill: bool = False,
        kv_cache_config: KvCacheConfig | None = None,
        scheduler_config: SchedulerConfig | None = None,
    ) -> None:
        self.arguments = {name: value for name, value in locals().items() if name != "self"}
        self._vocabulary = json.loads((Path(model) / "config.json").read_text())["vocab_size"]
        self._max_batch_size = max_batch_size
        self._requests: list[_Request] = []
        self._changed = threading.Condition()
        self._last_prompt: list[int] = []
        self.shut_down = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def generate_async(
        self, inputs: list[int], sampling_params: SamplingParams | None = None, streaming: bool = False
    ) -> RequestOutput:
        assert streaming, "the backend hears every token"
        if self.shut_down:
            raise RuntimeError("LLM is shutting down")
        if sampling_params is None or sampling_params.end_id is None:
            raise ValueError("tokenizer is required to reset end_id if it is None")
        request = _Request(inputs, sampling_params)
        request.result = RequestOutput(self._shared(inputs), lambda: self._abort(request))
        with self._changed:
            self._requests.append(request)
            self._changed.notify()
        return request.result

    def shutdown(self) -> None:
        with self._changed:
            self.shut_down = True
            self._changed.notify()
        self._thread.join()

    def _shared(self, prompt: list[int]) -> int:
        shared = 0
        for left, right in zip(prompt[:-1], self._last_prompt, strict=False):
            if left != right:
                break
            shared += 1
        self._last_prompt = prompt
        return shared

    def _abort(self, request: _Request) -> None:
        request.aborted = True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._requests or self.shut_down)
                if self.shut_down:
                    return
                ended = [request for request in self._requests if request.aborted]
                batch = [request for request in self._requests if not request.aborted]
            time.sleep(STEP_SECONDS)
            for request in ended:
                request.result.put(None, 0.0, "cancelled")
            ended += [request for request in batch[: self._max_batch_size] if self._step(request)]
            with self._changed:
                for request in ended:
                    self._requests.remove(request)

    def _step(self, request: _Request) -> bool:
        scores = self._scores(request)
        token = int(scores.argmax()) if request.params.greedy else _draw(scores, request)
        request.output.append(token)
        reason = _finish_reason(request, token)
        # As the release does, end_id and stop tokens included.
        request.result.put(token, float(scores[token] - np.log(np.exp(scores).sum())), reason)
        return reason is not None

    def _scores(self, request: _Request) -> NDArray[np.float64]:
        params, tokens = request.params, [*request.prompt, *request.output]
        seed = [sum(request.prompt), *tokens[-2:]]
        scores: NDArray[np.float64]
        scores = np.random.Generator(np.random.PCG64(seed)).normal(size=self._vocabulary)
        end = None if params.ignore_eos else params.end_id
        if end is not None:
            allowed = len(request.output) >= max(LIKELY_LENGTH, params.min_tokens or 0)
            scores[end] = 20 if allowed else -np.inf
        if params.bad_token_ids:
            scores[params.bad_token_ids] = -np.inf
        return scores


def _draw(scores: NDArray[np.float64], request: _Request) -> int:
    probabilities = np.exp(scores / (request.params.temperature or 1.0))
    return int(request.random.choice(len(scores), p=probabilities / probabilities.sum()))


def _finish_reason(request: _Request, token: int) -> str | None:
    params = request.params
    if not params.ignore_eos and token == params.end_id:
        return "stop"
    if len(request.output) == params.max_tokens:
        return "length"
    return "stop" if token in (params.stop_token_ids or ()) else None
