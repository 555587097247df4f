"""The CPU twin of the C++ engine: llama.cpp behind a scheduler that batches."""

from __future__ import annotations

from collections.abc import Callable

from .language_model import Listener, Meter
from .llama import Llama
from .request import Generation, Limits
from .scheduler import Scheduler
from .settings import Settings


class CpuTwin:
    """A `LanguageModel` on a GGUF file."""

    def __init__(self, settings: Settings, meter: Meter, log: Callable[[str], None]) -> None:
        """Load the model. Raises: ConfigurationError."""
        self._engine = Llama(settings.gguf, settings.slots, settings.context_tokens, settings.threads)
        self.limits = Limits(
            settings.context_tokens, self._engine.vocabulary_size, settings.exclude_input_in_output
        )
        self._scheduler = Scheduler(
            self._engine,
            settings.slots,
            settings.max_queue_size,
            meter,
            settings.waiting_cancel_check_seconds,
            log,
        )

    def submit(self, request_id: str, generation: Generation, listener: Listener) -> None:
        guide = self._engine.guide(generation.guide) if generation.guide is not None else None
        self._scheduler.submit(request_id, generation, listener, guide)

    def stop(self, request_id: str) -> None:
        self._scheduler.stop(request_id)

    def close(self) -> None:
        self._scheduler.close()
        self._engine.close()
