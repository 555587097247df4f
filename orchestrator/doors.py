"""Who may call which model: a door that is closed lets those inside finish and refuses newcomers with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.errors import ModelUnloaded


class Doors:
    """One door for each model of Triton, by name; all are open until somebody closes them."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}
        self._inside: Counter[str] = Counter()

    @contextmanager
    def through(self, model: str) -> Iterator[None]:
        """For as long as a call of `model` takes. Raises: ModelUnloaded where its door is closed."""
        if model in self._reasons:
            raise ModelUnloaded(self._reasons[model])
        self._inside[model] += 1
        try:
            yield
        finally:
            self._inside[model] -= 1

    def close(self, model: str, reason: str) -> None:
        """Refuse newcomers; `reason` is what they are told."""
        self._reasons[model] = reason

    def open(self, model: str) -> None:
        self._reasons.pop(model, None)

    def closed(self, model: str) -> str | None:
        """Why the door is closed; None where it is open."""
        return self._reasons.get(model)

    def inside(self, model: str) -> int:
        """Calls of this process that run now."""
        return self._inside[model]
