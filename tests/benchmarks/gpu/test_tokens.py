from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.gpu.tokens import generate, requests
from orchestrator.errors import InferenceTimeout
from orchestrator.inference import Generation, Sampling
from orchestrator.prompt import ChatTemplate
from orchestrator.scripted import Fault, Scripted

pytestmark = pytest.mark.anyio


def asked(count: int) -> list[Generation]:
    return [Generation(str(n), [1], 256, 256, (), Sampling(max_tokens=5)) for n in range(count)]


def ticking() -> Iterator[float]:
    """A clock that is a second further at every look."""
    second = 0.0
    while True:
        yield second
        second += 1.0


async def test_the_first_token_and_the_gaps_are_measured_apart() -> None:
    load = await generate(Scripted(replies=["abcde"]), asked(1), 1, clock=ticking().__next__)
    [written] = load.written
    assert (written.first_seconds, written.gap_seconds, written.tokens) == (1.0, (1.0, 1.0, 1.0, 1.0), 5)
    assert load.seconds == 7.0
    assert load.tokens_per_second == pytest.approx(5 / 7)


async def test_every_request_is_written_once_however_many_at_once() -> None:
    models = Scripted(replies=["abcde"])
    load = await generate(models, asked(7), 3)
    assert len(load.written) == 7
    ids = [call.asked["generation"].request_id for call in models.of("generate")]
    assert sorted(ids) == [str(n) for n in range(7)]


async def test_a_failure_is_counted_and_the_others_go_on() -> None:
    models = Scripted(replies=["abcde"], faults=[Fault("generate", 1, InferenceTimeout("too slow"), after=2)])
    load = await generate(models, asked(3), 1)
    assert (len(load.written), load.failures) == (2, ["too slow"])


def test_prompts_have_about_the_length_asked_for_and_differ_after_the_system_prompt() -> None:
    template = ChatTemplate(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]))
    first, second = (list(one.prompt_ids) for one in requests(template, 300, 9, 2))
    assert abs(len(first) - 300) < 40
    shared = next(n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    assert shared < 40
    [one] = requests(template, 1, 9, 1)
    assert (one.sampling.max_tokens, one.sampling.min_tokens, one.stop_ids) == (9, 9, ())
