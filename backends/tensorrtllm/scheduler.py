"""Continuous batching: many generations share every step of one engine.

One thread owns the engine. Each step computes, in one batch, the next token of every running generation and up to
`PREFILL_TOKENS` of the prompts that wait for their first one, those with the least to read first: a long prompt holds
up neither those who speak nor the short prompts behind it. A generation that ends leaves its tokens in its slot's
cache, and the next ones begin with what is found there (`slots.py`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import BadRequestError, QueueFullError, UnloadingError
from .language_model import Listener, Meter
from .llama import Piece
from .request import Generation
from .sampling import Guide, Sampler
from .slots import Slot, place
from .words import ends_with_word

PREFILL_TOKENS = 32
"""Prompt tokens per step. Few, so that a long prompt does not stall those who already speak. Below 64 on purpose:
from 64 queries on llama.cpp takes another attention kernel, whose logits differ, and then a reply would depend on how
much of its prompt was cached. Below, a prompt gives the same bits however it is cut."""


class Engine(Protocol):
    """What the scheduler needs of `llama.Llama`."""

    def decode(self, pieces: Sequence[Piece]) -> dict[int, NDArray[np.float32]]: ...
    def copy(self, source: int, target: int) -> None: ...
    def forget(self, slot: int, from_position: int) -> None: ...


@dataclass(eq=False)
class _Running:
    request_id: str
    generation: Generation
    listener: Listener
    sampler: Sampler
    stop_requested: bool = False
    generated: int = 0


class Scheduler:
    """Runs generations over `slots` slots; at most `max_waiting` more wait, in order of arrival."""

    def __init__(
        self,
        engine: Engine,
        slots: int,
        max_waiting: int,
        meter: Meter,
        waiting_check_seconds: float,
        log: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._slots: list[Slot[_Running]] = [Slot(index) for index in range(slots)]
        self._max_waiting = max_waiting
        self._meter = meter
        self._waiting_check_seconds = waiting_check_seconds
        self._log = log
        self._waiting: deque[_Running] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._checked_at = 0.0
        self._thread = threading.Thread(target=self._run, name="llm-scheduler", daemon=True)
        self._thread.start()

    def submit(
        self, request_id: str, generation: Generation, listener: Listener, guide: Guide | None = None
    ) -> None:
        """Start or queue a generation; the listener hears the rest. `guide` says which tokens may come.

        Raises:
            QueueFullError: every slot and every place in the queue is taken.
            BadRequestError: a live generation has this request id, so a stop request could not tell them apart.
        """
        with self._changed:
            if self._closing:
                raise UnloadingError("the model is being unloaded")
            if request_id and any(running.request_id == request_id for running in self._live()):
                raise BadRequestError(f"request id: '{request_id}' is still generating; use a new id")
            free = sum(slot.running is None for slot in self._slots)
            if len(self._waiting) >= self._max_waiting + free:
                raise QueueFullError(
                    f"{len(self._slots)} generations and {self._max_waiting} waiting requests are the limit; "
                    "try again later"
                )
            sampler = Sampler(generation.sampling, generation.prompt, guide)
            self._waiting.append(_Running(request_id, generation, listener, sampler))
            self._changed.notify()

    def stop(self, request_id: str) -> None:
        """End the live generation of this request id, if there is one, as if it had reached its end."""
        with self._changed:
            for running in self._live():
                if request_id and running.request_id == request_id:
                    running.stop_requested = True

    def close(self) -> None:
        """End everything; every listener is finished when this returns."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _live(self) -> list[_Running]:
        return [slot.running for slot in self._slots if slot.running is not None] + list(self._waiting)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._live())
                if self._closing:
                    break
            try:
                self._drop_cancelled()
                self._admit()
                self._step()
            except Exception as error:  # the engine must not take the other users down with one batch
                self._log(f"step failed: {error!r}")
                self._fail_running(error)
        for running in self._live():
            self._end(running, UnloadingError("the model was unloaded during this generation"))

    def _drop_cancelled(self) -> None:
        for slot in self._slots:
            if slot.running is not None and _is_over(slot.running):
                self._end(slot.running, None)
        if monotonic() - self._checked_at < self._waiting_check_seconds:
            return
        # Asking costs a round trip to the server, too dear for a long queue at every step.
        self._checked_at = monotonic()
        for running in list(self._waiting):
            if _is_over(running):
                self._end(running, None)

    def _admit(self) -> None:
        with self._changed:
            reused = 0
            while self._waiting and (found := place(self._waiting[0].generation.prompt, self._slots)):
                if found.source is not found.slot:
                    self._copy(found.source, found.slot)
                self._forget(found.slot, found.kept)
                found.slot.running, found.slot.used_at = self._waiting.popleft(), monotonic()
                reused += found.kept
            active = sum(slot.running is not None for slot in self._slots)
        self._meter.load(active, len(self._waiting), reused)

    def _step(self) -> None:
        pieces = self._pieces()
        if not pieces:
            return
        logits = self._engine.decode(pieces)
        prompt_tokens = sum(len(piece.tokens) for piece in pieces) - len(logits)
        self._meter.step(len(logits), prompt_tokens)
        for piece in pieces:
            slot = self._slots[piece.slot]
            slot.tokens.extend(piece.tokens)
            if slot.running is not None and piece.wants_logits:
                self._advance(slot.running, logits[piece.slot])

    def _pieces(self) -> list[Piece]:
        pieces, prefill_budget = [], PREFILL_TOKENS
        missing_tokens = [
            (slot, slot.running.sampler.tokens[len(slot.tokens) :])
            for slot in self._slots
            if slot.running is not None
        ]
        for slot, missing in sorted(missing_tokens, key=lambda of: (len(of[1]), of[0].used_at)):
            allowed = max(prefill_budget, 1)
            piece = Piece(slot.index, len(slot.tokens), missing[:allowed], len(missing) <= allowed)
            prefill_budget -= len(piece.tokens) - 1
            pieces.append(piece)
        return pieces

    def _advance(self, running: _Running, logits: NDArray[np.float32]) -> None:
        generation = running.generation
        choice = running.sampler.choose(logits)
        if generation.return_generation_logits:
            choice = replace(choice, logits=logits)
        if choice.token == generation.sampling.end_id:
            self._end(running, None)
            return
        running.generated += 1
        try:
            running.listener.deliver(choice)
        except Exception as error:  # one listener that is gone must not end the step of the others
            self._end(running, error)
            return
        stopped = ends_with_word(running.sampler.tokens, generation.stop_words)
        if stopped or running.generated == generation.max_output_tokens:
            self._end(running, None)

    def _fail_running(self, error: Exception) -> None:
        for slot in self._slots:
            self._forget(slot, 0)
            if slot.running is not None:
                self._end(slot.running, error)

    def _copy(self, source: Slot[_Running], target: Slot[_Running]) -> None:
        self._engine.copy(source.index, target.index)
        target.tokens[:] = source.tokens

    def _forget(self, slot: Slot[_Running], from_position: int) -> None:
        self._engine.forget(slot.index, from_position)
        del slot.tokens[from_position:]

    def _end(self, running: _Running, error: Exception | None) -> None:
        with self._changed:
            for slot in self._slots:
                if slot.running is running:
                    slot.running = None
            if running in self._waiting:
                self._waiting.remove(running)
            active, waiting = sum(slot.running is not None for slot in self._slots), len(self._waiting)
        self._meter.load(active, waiting, 0)
        try:
            running.listener.finish(error)
        except Exception as failure:
            self._log(f"the end of request '{running.request_id}' was not delivered: {failure!r}")


def _is_over(running: _Running) -> bool:
    return running.stop_requested or running.listener.is_cancelled()
