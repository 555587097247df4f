"""What the glue needs of an engine that answers, whichever it is, and what an engine needs of the glue."""

from __future__ import annotations

from typing import Protocol

from .request import Generation, Limits
from .sampling import Choice


class Listener(Protocol):
    """Who asked for a generation. Called from one thread of the engine; `finish` exactly once, last."""

    def is_cancelled(self) -> bool: ...
    def deliver(self, choice: Choice) -> None: ...
    def finish(self, error: Exception | None) -> None: ...


class Meter(Protocol):
    """What is counted."""

    def step(self, generated: int, prompt: int) -> None: ...
    def load(self, active: int, waiting: int, reused: int) -> None: ...


class LanguageModel(Protocol):
    """An engine with a queue before it; `submit` and `stop` return at once."""

    @property
    def limits(self) -> Limits:
        """What a request may ask for."""
        ...

    def submit(self, request_id: str, generation: Generation, listener: Listener) -> None:
        """Start or queue a generation; the listener hears the rest.

        Raises:
            QueueFullError: every slot and every place in the queue is taken.
            BadRequestError: a live generation has this request id, so a stop request could not tell them apart.
            UnloadingError: the model is being unloaded.
        """
        ...

    def stop(self, request_id: str) -> None:
        """End the live generation of this request id, if there is one, as if it had reached its end."""
        ...

    def close(self) -> None:
        """End everything; every listener is finished when this returns."""
        ...
