"""TensorRT-LLM's LLM API as an engine: asynchronous generations of one `LLM`, with a bounded queue and cancellation.

The `LLM` batches by itself and answers in the event loop that asked (tensorrt_llm/executor/result.py), so one thread
runs a loop for all generations, and that thread alone speaks with listeners. Not yet run on a GPU.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import BadRequestError, QueueFullError, UnloadingError
from .language_model import Listener, Meter
from .llmapi_sampling import sampling_arguments
from .llmapi_settings import LlmApiSettings
from .request import Generation, Limits
from .sampling import Choice
from .token_stream import TokenStream

_UNLOAD_SECONDS = 10.0
"""How long the engine may take to let go of what it computes."""


@dataclass(eq=False)
class _Running:
    request_id: str
    generation: Generation
    listener: Listener
    stream: TokenStream = field(init=False)
    result: Any = None  # a RequestOutput; None until the engine has been asked
    seen_tokens: int = 0
    finished: bool = False

    def __post_init__(self) -> None:
        self.stream = TokenStream(self.generation)


class LlmApi:
    """A `LanguageModel` over an `LLM`; at most `max_batch_size` generations share its steps, the others wait."""

    def __init__(
        self,
        llm: Any,
        sampling_class: Any,
        settings: LlmApiSettings,
        meter: Meter,
        log: Callable[[str], None],
    ) -> None:
        """Start the loop.

        Args:
            llm: a loaded `tensorrt_llm.LLM`, which this object shuts down.
            sampling_class: `tensorrt_llm.SamplingParams`.
            settings: limits.
            meter: called from the loop's thread only.
            log: takes one line.
        """
        self.limits = Limits(
            settings.max_sequence_tokens,
            settings.vocabulary_size,
            settings.exclude_input_in_output,
            engine="TensorRT-LLM's LLM API",
            context_setting="max_seq_len",
            bans_long_words=False,
            is_cpu=False,
        )
        self._llm = llm
        self._sampling_class = sampling_class
        self._settings = settings
        self._meter = meter
        self._log = log
        self._live: list[_Running] = []
        self._changing = threading.Lock()
        self._closing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llmapi", daemon=True)
        self._thread.start()
        self._watching = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)

    def submit(self, request_id: str, generation: Generation, listener: Listener) -> None:
        """Start or queue a generation; see `LanguageModel`."""
        running = _Running(request_id, generation, listener)
        with self._changing:
            if self._closing:
                raise UnloadingError("the model is being unloaded")
            generating = {other.request_id for other in self._live if not other.finished}
            if request_id and request_id in generating:
                raise BadRequestError(f"request id: '{request_id}' is still generating; use a new id")
            slots, queue = self._settings.max_batch_size, self._settings.max_queue_size
            if len(self._live) >= slots + queue:
                raise QueueFullError(
                    f"{slots} generations and {queue} waiting requests are the limit; try again later"
                )
            self._live.append(running)
        asyncio.run_coroutine_threadsafe(self._generate(running), self._loop)

    def stop(self, request_id: str) -> None:
        """End the live generation of this request id, if there is one, as if it had reached its end."""
        with self._changing:
            found = [running for running in self._live if request_id and running.request_id == request_id]
        for running in found:
            self._loop.call_soon_threadsafe(self._end, running, None)

    def close(self) -> None:
        """End everything, then the `LLM`; every listener is finished when this returns."""
        with self._changing:
            self._closing = True
        asyncio.run_coroutine_threadsafe(self._end_all(), self._loop).result()
        # The engine may still answer whom nobody hears any more; the loop is there until it is not.
        self._llm.shutdown()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _generate(self, running: _Running) -> None:
        try:
            self._report_load()
            if not running.finished:
                running.result = self._ask(running.generation)
                async for output in running.result:
                    self._take(running, output)
                self._require_own_end(running)
        except Exception as error:
            self._end(running, error)
        finally:
            self._end(running, None)
            with self._changing:
                self._live.remove(running)
            self._report_load()

    def _ask(self, generation: Generation) -> Any:
        try:
            parameters = self._sampling_class(**sampling_arguments(generation))
            return self._llm.generate_async(list(generation.prompt), parameters, streaming=True)
        except ValueError as error:
            raise BadRequestError(f"request: TensorRT-LLM refuses it: {error}") from error

    def _take(self, running: _Running, output: Any) -> None:
        completion = output.outputs[0]
        tokens = completion.token_ids[running.seen_tokens :]
        log_probs = completion.logprobs if running.generation.return_log_probs else None
        choices = [
            Choice(token, log_probs[position][token].logprob if log_probs else 0.0)
            for position, token in enumerate(tokens, running.seen_tokens)
        ]
        self._count(running, output, len(tokens))
        running.seen_tokens += len(tokens)
        if running.finished:
            return
        for choice in running.stream.take(choices):
            running.listener.deliver(choice)
        if running.stream.ended:
            self._end(running, None)

    def _count(self, running: _Running, output: Any, tokens: int) -> None:
        prompt = 0
        if running.seen_tokens == 0 and tokens:
            # Not in NVIDIA's reference of RequestOutput, so only figures may depend on it.
            reused = getattr(output, "cached_tokens", 0)
            prompt = len(running.generation.prompt) - reused
            self._report_load(reused)
        self._meter.step(tokens, prompt)

    def _end(self, running: _Running, error: Exception | None) -> None:
        """Tell the listener, once, and have the engine let go; its slot counts as taken until it has."""
        if running.finished:
            return
        running.finished = True
        try:
            running.listener.finish(error)
        except Exception as failure:
            self._log(f"the end of request '{running.request_id}' was not delivered: {failure!r}")
        try:
            if running.result is not None and not running.result.finished:
                running.result.abort()
        except Exception as failure:
            self._log(f"request '{running.request_id}' could not be aborted: {failure!r}")

    def _require_own_end(self, running: _Running) -> None:
        reason = running.result.outputs[0].finish_reason
        if not running.finished and reason not in ("stop", "length"):
            raise RuntimeError(f"the engine ended request '{running.request_id}' by itself: {reason}")

    async def _watch(self) -> None:
        """Ask every listener, now and then, whether anybody still listens: also while no token comes."""
        while True:
            await asyncio.sleep(self._settings.cancel_check_seconds)
            for running in list(self._live):
                try:
                    if not running.finished and running.listener.is_cancelled():
                        self._end(running, None)
                except Exception as error:  # one listener that is gone must not end the watch over the others
                    self._end(running, error)

    async def _end_all(self) -> None:
        self._watching.cancel()
        for running in list(self._live):
            self._end(running, UnloadingError("the model was unloaded during this generation"))
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks, timeout=_UNLOAD_SECONDS)

    def _report_load(self, reused: int = 0) -> None:
        live, slots = len(self._live), self._settings.max_batch_size
        self._meter.load(min(live, slots), max(live - slots, 0), reused)
