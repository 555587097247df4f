"""Generations to ask an engine for, and a listener that remembers what came of them."""

from __future__ import annotations

import threading
from typing import Any

from backends.tensorrtllm.request import Generation
from backends.tensorrtllm.sampling import Choice, Sampling

RETURNED = ("return_log_probs", "return_num_input_tokens", "return_num_output_tokens")


def generation(prompt: tuple[int, ...] = (1, 2, 3), tokens: int = 4, **changes: Any) -> Generation:
    """A streamed, greedy generation; changes are of `Sampling` where it has such a field, else of `Generation`."""
    sampling = {name: changes.pop(name) for name in list(changes) if name in Sampling.__dataclass_fields__}
    options: dict[str, Any] = {"stop_words": (), "streaming": True, "exclude_input_in_output": True}
    options |= {**dict.fromkeys(RETURNED, False), **changes}
    return Generation(prompt=prompt, max_output_tokens=tokens, sampling=Sampling(**sampling), **options)


class Recorder:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.choices: list[Choice] = []
        self.errors: list[Exception | None] = []
        self.cancelled = False
        self.gone = False
        self.spoken = threading.Event()
        self.done = threading.Event()

    @property
    def tokens(self) -> list[int]:
        return [choice.token for choice in self.choices]

    def is_cancelled(self) -> bool:
        return self.cancelled

    def deliver(self, choice: Choice) -> None:
        if self.gone:
            raise ConnectionError("nobody listens")
        self.choices.append(choice)
        self.spoken.set()

    def finish(self, error: Exception | None) -> None:
        self.errors.append(error)
        self.done.set()

    def wait(self) -> Recorder:
        assert self.done.wait(20)
        return self
