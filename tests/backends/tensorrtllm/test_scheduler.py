"""Continuous batching over a small engine that counts: the token after n is n + 1."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from backends.tensorrtllm.errors import BadRequestError, QueueFullError, UnloadingError
from backends.tensorrtllm.llama import Piece
from backends.tensorrtllm.request import Generation
from backends.tensorrtllm.sampling import Choice, Sampling
from backends.tensorrtllm.scheduler import PREFILL_TOKENS, Scheduler

VOCABULARY = 200


class CountingEngine:
    """Checks positions as a real cache would; `gate` holds a step back until it is released."""

    def __init__(self) -> None:
        self.cached: dict[int, list[int]] = {}
        self.steps: list[list[Piece]] = []
        self.gate: threading.Semaphore | None = None
        self.failure: Exception | None = None
        self.copies = 0

    def decode(self, pieces: Sequence[Piece]) -> dict[int, NDArray[np.float32]]:
        if self.gate is not None:
            self.gate.acquire()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.steps.append(list(pieces))
        for piece in pieces:
            cache = self.cached.setdefault(piece.slot, [])
            assert piece.position == len(cache)
            cache.extend(piece.tokens)
        return {piece.slot: _logits(piece.tokens[-1] + 1) for piece in pieces if piece.wants_logits}

    def copy(self, source: int, target: int) -> None:
        self.cached[target] = list(self.cached[source])
        self.copies += 1

    def forget(self, slot: int, from_position: int) -> None:
        del self.cached.setdefault(slot, [])[from_position:]


class Recorder:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.error: Exception | None = None
        self.cancelled = False
        self.gone = False
        self.finished = 0
        self.done = threading.Event()

    def is_cancelled(self) -> bool:
        return self.cancelled

    def deliver(self, choice: Choice) -> None:
        if self.gone:
            raise ConnectionError("nobody listens")
        self.tokens.append(choice.token)

    def finish(self, error: Exception | None) -> None:
        self.finished += 1
        self.error = error
        self.done.set()

    def wait(self) -> Recorder:
        assert self.done.wait(5)
        return self


class Tally:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.generated = self.prompt = self.reused = 0
        self.active = self.waiting = 0

    def step(self, generated: int, prompt: int) -> None:
        self.generated += generated
        self.prompt += prompt

    def load(self, active: int, waiting: int, reused: int) -> None:
        self.active, self.waiting = active, waiting
        self.reused += reused


def _logits(token: int) -> NDArray[np.float32]:
    logits = np.zeros(VOCABULARY, np.float32)
    logits[token % VOCABULARY] = 9
    return logits


def counting(first: int, length: int = 1, count: int = 3, **changes: Any) -> Generation:
    """Count on for `count` tokens from a prompt of `length` numbers that begins with `first`."""
    sampling = Sampling(end_id=changes.pop("end_id", -1))
    prompt = tuple(range(first, first + length))
    returned = ("return_log_probs", "return_num_input_tokens", "return_num_output_tokens")
    options: dict[str, Any] = {"stop_words": (), "streaming": True, "exclude_input_in_output": True}
    options |= {**dict.fromkeys(returned, False), **changes}
    return Generation(prompt=prompt, max_output_tokens=count, sampling=sampling, **options)


@pytest.fixture
def engine() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
def tally() -> Tally:
    return Tally()


@pytest.fixture
def scheduler(engine: CountingEngine, tally: Tally) -> Iterator[Scheduler]:
    scheduler = Scheduler(engine, 2, 2, tally, 0.0, lambda _: None)
    yield scheduler
    if engine.gate is not None:
        engine.gate.release(1000)
    scheduler.close()


@pytest.fixture
def start(scheduler: Scheduler) -> Callable[..., Recorder]:
    def submit(generation: Generation, request_id: str = "") -> Recorder:
        recorder = Recorder()
        scheduler.submit(request_id, generation, recorder)
        return recorder

    return submit


Start = Callable[..., Recorder]


def test_a_generation_ends_at_its_length(start: Start) -> None:
    recorder = start(counting(10)).wait()
    assert (recorder.tokens, recorder.error, recorder.finished) == ([11, 12, 13], None, 1)


def test_end_id_ends_and_is_not_delivered(start: Start) -> None:
    assert start(counting(10, count=9, end_id=13)).wait().tokens == [11, 12]


def test_a_stop_word_ends_and_is_delivered(start: Start) -> None:
    assert start(counting(10, count=9, stop_words=((12, 13),))).wait().tokens == [11, 12, 13]


def test_running_generations_share_every_step(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    recorders = [start(counting(first)) for first in (10, 50)]
    engine.gate.release(100)
    assert [recorder.wait().tokens for recorder in recorders] == [[11, 12, 13], [51, 52, 53]]
    assert len(engine.steps) <= 4


def test_more_than_the_slots_wait_and_come_in_order(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    recorders = [start(counting(first)) for first in (10, 50, 90, 130)]
    engine.gate.release(100)
    assert [recorder.wait().tokens[0] for recorder in recorders] == [11, 51, 91, 131]


def test_a_full_queue_refuses(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    for first in (10, 50, 90, 130):
        start(counting(first))
    with pytest.raises(QueueFullError, match="2 waiting requests are the limit"):
        start(counting(1))


def test_a_live_request_id_is_refused_and_free_again_afterwards(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    first = start(counting(10), "a")
    with pytest.raises(BadRequestError, match=r"^request id: 'a'"):
        start(counting(50), "a")
    engine.gate.release(100)
    first.wait()
    assert start(counting(50), "a").wait().tokens == [51, 52, 53]


def test_a_cancelled_generation_computes_no_further_step(
    start: Start, engine: CountingEngine, tally: Tally
) -> None:
    engine.gate = threading.Semaphore(0)
    recorder = start(counting(10, count=100))
    engine.gate.release(2)
    while len(engine.steps) < 2:
        threading.Event().wait(0.001)
    recorder.cancelled = True
    engine.gate.release(100)
    assert recorder.wait().error is None
    # The step that had begun when the cancel came, and none after it.
    assert len(recorder.tokens) <= 3
    assert tally.active == 0


def test_a_waiting_generation_can_be_cancelled(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    running = [start(counting(first, count=50)) for first in (10, 50)]
    waiting = start(counting(90))
    waiting.cancelled = True
    engine.gate.release(3)
    assert waiting.wait().tokens == []
    assert not any(recorder.done.is_set() for recorder in running)


def test_stop_ends_the_generation_of_that_id_only(
    start: Start, scheduler: Scheduler, engine: CountingEngine
) -> None:
    engine.gate = threading.Semaphore(0)
    stopped, other = start(counting(10, count=60), "a"), start(counting(50, count=5), "b")
    scheduler.stop("a")
    scheduler.stop("unknown")
    engine.gate.release(100)
    assert stopped.wait().error is None
    assert len(stopped.tokens) <= 1
    assert other.wait().tokens == [51, 52, 53, 54, 55]


def test_a_long_prompt_is_computed_in_parts_while_others_go_on(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    speaking = start(counting(1, count=40))
    long = start(counting(10, length=100))
    engine.gate.release(100)
    assert long.wait().tokens == [110, 111, 112]
    assert len(speaking.wait().tokens) == 40
    assert max(len(piece.tokens) for step in engine.steps for piece in step) <= PREFILL_TOKENS


def test_a_shared_prefix_is_computed_once(start: Start, tally: Tally) -> None:
    start(counting(10, length=20)).wait()
    assert start(counting(10, length=25)).wait().tokens == [35, 36, 37]
    # The first left its prompt and all output but the last token: 10 … 31.
    assert tally.reused == 22
    assert start(counting(10, length=25)).wait().tokens == [35, 36, 37]
    assert tally.reused == 22 + 24


def test_a_prompt_begins_with_what_a_running_generation_has_computed(
    start: Start, engine: CountingEngine, tally: Tally
) -> None:
    engine.gate = threading.Semaphore(0)
    running = start(counting(10, length=60, count=50))
    engine.gate.release(4)
    while len(engine.steps) < 4:
        threading.Event().wait(0.001)
    second = start(counting(10, length=62))
    engine.gate.release(200)
    assert second.wait().tokens == [72, 73, 74]
    assert (engine.copies, tally.reused) == (1, 61)
    assert len(running.wait().tokens) == 50


def test_a_short_prompt_does_not_wait_for_a_long_one(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    long = start(counting(0, length=150))
    engine.gate.release(1)
    while not engine.steps:
        threading.Event().wait(0.001)
    short = start(counting(100, length=20))
    engine.gate.release(2)
    engine.gate.release(3)
    assert short.wait().tokens == [120, 121, 122]
    assert not long.done.is_set()
    engine.gate.release(100)
    assert long.wait().tokens == [150, 151, 152]


def test_short_probes_do_not_cost_a_conversation_its_cache(start: Start, tally: Tally) -> None:
    start(counting(10, length=20)).wait()
    for _ in range(3):
        start(counting(10, length=1, count=1)).wait()
    before = tally.reused
    assert start(counting(10, length=25)).wait().tokens == [35, 36, 37]
    assert tally.reused == before + 22


def test_a_failed_step_fails_its_generations_and_the_next_one_works(
    start: Start, engine: CountingEngine
) -> None:
    engine.failure = RuntimeError("llama_decode returned -3")
    assert isinstance(start(counting(10)).wait().error, RuntimeError)
    assert start(counting(10)).wait().tokens == [11, 12, 13]


def test_a_listener_that_is_gone_does_not_disturb_the_others(start: Start, engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    gone, other = start(counting(10)), start(counting(50))
    gone.gone = True
    engine.gate.release(100)
    assert other.wait().tokens == [51, 52, 53]
    assert gone.wait().finished == 1


def test_close_finishes_everybody(engine: CountingEngine) -> None:
    engine.gate = threading.Semaphore(0)
    scheduler = Scheduler(engine, 1, 5, Tally(), 0.0, lambda _: None)
    recorders = [Recorder() for _ in range(3)]
    for recorder in recorders:
        scheduler.submit("", counting(10, count=100), recorder)
    threading.Timer(0.05, engine.gate.release, [1]).start()
    scheduler.close()
    assert all(
        isinstance(recorder.error, UnloadingError) and recorder.finished == 1 for recorder in recorders
    )
    with pytest.raises(UnloadingError):
        scheduler.submit("", counting(10), Recorder())
