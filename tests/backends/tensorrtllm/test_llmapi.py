"""Generations over an `LLM`: their ends, their limits, and that nothing is left running."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backends.tensorrtllm.errors import BadRequestError, QueueFullError, UnloadingError
from backends.tensorrtllm.llmapi import LlmApi
from backends.tensorrtllm.llmapi_settings import read_llmapi_settings
from backends.tensorrtllm.request import Generation
from tests.backends.tensorrtllm.checkpoints import VOCABULARY, checkpoint, model_config
from tests.backends.tensorrtllm.fake_release.tensorrt_llm import LLM, SamplingParams
from tests.backends.tensorrtllm.generations import Recorder, generation
from tests.backends.tensorrtllm.served import until


@dataclass
class Tally:
    """A meter that remembers."""

    generated: int = 0
    prompt: int = 0
    reused: int = 0
    loads: list[tuple[int, int]] = field(default_factory=list)

    def step(self, generated: int, prompt: int) -> None:
        self.generated += generated
        self.prompt += prompt

    def load(self, active: int, waiting: int, reused: int) -> None:
        self.loads.append((active, waiting))
        self.reused += reused


class Kitchen:
    """One engine on a small `LLM`, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.llm = LLM(str(checkpoint(folder)), max_batch_size=2)
        self.tally = Tally()
        self.log: list[str] = []
        settings = read_llmapi_settings(model_config(folder))
        self.model = LlmApi(self.llm, SamplingParams, settings, self.tally, self.log.append)

    def start(self, asked: Generation, request_id: str = "") -> Recorder:
        recorder = Recorder()
        self.model.submit(request_id, asked, recorder)
        return recorder

    def tokens(self, **changes: Any) -> list[int]:
        return self.start(generation(**changes)).wait().tokens

    def is_idle(self) -> bool:
        return self.tally.loads[-1] == (0, 0) and not self.llm._requests


@pytest.fixture
def kitchen(tmp_path: Path) -> Iterator[Kitchen]:
    kitchen = Kitchen(tmp_path)
    yield kitchen
    if not kitchen.llm.shut_down:
        kitchen.model.close()


@pytest.fixture
def endless() -> Generation:
    """Longer than any test waits."""
    return generation(tokens=10_000)


def test_a_generation_ends_at_its_length_and_is_finished_once(kitchen: Kitchen) -> None:
    recorder = kitchen.start(generation(tokens=5)).wait()
    assert until(kitchen.is_idle)
    assert len(recorder.tokens) == 5
    assert recorder.errors == [None]


def test_limits_are_those_of_config_and_checkpoint(kitchen: Kitchen) -> None:
    limits = kitchen.model.limits
    assert (limits.context_tokens, limits.vocabulary_size) == (64, VOCABULARY)
    assert not limits.bans_long_words


def test_end_id_is_not_delivered(kitchen: Kitchen) -> None:
    assert len(kitchen.tokens(tokens=40, end_id=9)) == 12
    assert 9 not in kitchen.tokens(tokens=40, end_id=9)


def test_a_stop_word_of_several_tokens_is_delivered_and_ends_the_work(kitchen: Kitchen) -> None:
    usual = kitchen.tokens(tokens=50)
    computed = kitchen.tally.generated
    assert kitchen.tokens(tokens=50, stop_words=(tuple(usual[3:6]),)) == usual[:6]
    assert until(kitchen.is_idle)
    assert kitchen.tally.generated - computed < 50


def test_a_single_stop_word_is_delivered_too(kitchen: Kitchen) -> None:
    usual = kitchen.tokens(tokens=50)
    first = usual.index(usual[7])
    assert kitchen.tokens(tokens=50, stop_words=((usual[7],),)) == usual[: first + 1]


def test_log_probabilities_belong_to_their_tokens(kitchen: Kitchen) -> None:
    recorder = kitchen.start(generation(return_log_probs=True)).wait()
    assert all(choice.log_prob < 0 for choice in recorder.choices)
    assert all(choice.log_prob == 0 for choice in kitchen.start(generation()).wait().choices)


def test_a_cancelled_generation_is_aborted(kitchen: Kitchen, endless: Generation) -> None:
    recorder = kitchen.start(endless)
    assert recorder.spoken.wait(20)
    recorder.cancelled = True
    assert recorder.wait().errors == [None]
    assert until(kitchen.is_idle)
    assert len(recorder.tokens) < 10_000


def test_a_waiting_generation_can_be_cancelled(kitchen: Kitchen, endless: Generation) -> None:
    running = [kitchen.start(endless) for _ in range(2)]
    assert all(recorder.spoken.wait(20) for recorder in running)
    waiting = kitchen.start(endless)
    waiting.cancelled = True
    assert waiting.wait().tokens == []


def test_a_stop_ends_the_generation_of_its_id_only(kitchen: Kitchen, endless: Generation) -> None:
    stopped, other = kitchen.start(endless, "a"), kitchen.start(generation(tokens=60), "b")
    assert stopped.spoken.wait(20)
    kitchen.model.stop("a")
    kitchen.model.stop("unknown")
    kitchen.model.stop("")
    assert len(stopped.wait().tokens) < 10_000
    assert len(other.wait().tokens) == 60


def test_a_live_request_id_is_refused_and_free_again_afterwards(
    kitchen: Kitchen, endless: Generation
) -> None:
    first = kitchen.start(endless, "a")
    with pytest.raises(BadRequestError, match=r"^request id: 'a'"):
        kitchen.start(endless, "a")
    kitchen.model.stop("a")
    first.wait()
    assert kitchen.start(generation(), "a").wait().errors == [None]


def test_a_full_queue_refuses(kitchen: Kitchen, endless: Generation) -> None:
    recorders = [kitchen.start(endless) for _ in range(4)]
    with pytest.raises(QueueFullError, match="2 generations and 2 waiting requests are the limit"):
        kitchen.start(endless)
    assert until(lambda: (2, 2) in kitchen.tally.loads)
    for recorder in recorders:
        recorder.cancelled = True
    assert until(kitchen.is_idle)
    assert kitchen.start(generation()).wait().errors == [None]


def test_prompt_tokens_found_in_the_cache_are_not_counted_as_computed(kitchen: Kitchen) -> None:
    kitchen.tokens(prompt=(1, 2, 3, 4), tokens=1)
    kitchen.tokens(prompt=(1, 2, 3, 5), tokens=1)
    assert until(kitchen.is_idle)
    assert (kitchen.tally.prompt, kitchen.tally.reused) == (4 + 1, 3)


def test_a_listener_that_is_gone_costs_only_itself(kitchen: Kitchen, endless: Generation) -> None:
    lost, kept = kitchen.start(endless), kitchen.start(generation(tokens=20))
    lost.gone = True
    assert isinstance(lost.wait().errors[0], ConnectionError)
    assert len(kept.wait().tokens) == 20
    assert until(kitchen.is_idle)


def test_what_tensorrt_llm_refuses_is_the_callers_fault(kitchen: Kitchen) -> None:
    error = kitchen.start(generation(top_p=2.0)).wait().errors[0]
    assert isinstance(error, BadRequestError)
    assert "require 0 <= top_p <= 1" in str(error)


def test_an_engine_that_dies_fails_its_generations(kitchen: Kitchen, endless: Generation) -> None:
    recorder = kitchen.start(endless)
    assert recorder.spoken.wait(20)
    (request,) = kitchen.llm._requests
    request.result._loop.call_soon_threadsafe(request.result._responses.put_nowait, RuntimeError("CUDA"))
    assert str(recorder.wait().errors[0]) == "CUDA"


def test_an_end_that_nobody_asked_for_is_an_error(kitchen: Kitchen, endless: Generation) -> None:
    recorder = kitchen.start(endless)
    assert recorder.spoken.wait(20)
    kitchen.llm._requests[0].result.abort()
    assert "by itself: cancelled" in str(recorder.wait().errors[0])


def test_unloading_finishes_everybody_and_leaves_no_thread(kitchen: Kitchen, endless: Generation) -> None:
    recorders = [kitchen.start(endless) for _ in range(4)]
    kitchen.model.close()
    assert [[type(error) for error in recorder.errors] for recorder in recorders] == [[UnloadingError]] * 4
    assert kitchen.llm.shut_down
    assert "llmapi" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(UnloadingError):
        kitchen.start(endless)
