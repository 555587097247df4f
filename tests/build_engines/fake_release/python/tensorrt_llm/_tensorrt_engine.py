"""An engine over 16 tokens that always counts upwards; a file `other` beside it makes it count downwards."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np


class LLM:
    """tensorrt_llm._tensorrt_engine.LLM as a context manager with `generate`."""

    def __init__(self, model: str, tokenizer: str, *, gather_generation_logits: bool = False) -> None:
        assert (Path(model) / "rank0.engine").is_file()
        assert (Path(tokenizer) / "tokenizer.json").is_file()
        self._logits = gather_generation_logits
        self._step = -1 if (Path(model) / "other").exists() else 1

    def __enter__(self) -> LLM:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def generate(self, inputs: list[list[int]], sampling_params: Any, use_tqdm: bool = True) -> list[Any]:
        assert not use_tqdm, "a bar in a log is noise"
        return [self._result(prompt, sampling_params) for prompt in inputs]

    def _result(self, prompt: list[int], sampling: Any) -> Any:
        tokens = [(prompt[-1] + self._step * number) % 16 for number in range(1, sampling.max_tokens + 1)]
        logits = np.zeros((1, 16), dtype=np.float32)
        logits[0, tokens[0]] = 5.0
        wanted = self._logits and sampling.return_generation_logits
        return SimpleNamespace(
            outputs=[SimpleNamespace(token_ids=tokens, generation_logits=logits if wanted else None)]
        )
