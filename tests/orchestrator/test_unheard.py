from __future__ import annotations

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from orchestrator.audio import Audio
from orchestrator.unheard import Unheard

pytestmark = pytest.mark.anyio


class SlowEars:
    """Hears one lot at a time, when it is let."""

    def __init__(self) -> None:
        self.lots: list[int] = []
        self.may_hear = anyio.Event()

    async def hear(self, audio: Audio) -> None:
        await self.may_hear.wait()
        self.lots.append(len(audio))


def samples(count: int) -> Audio:
    return np.zeros(count, dtype=np.float32)


async def test_what_comes_while_the_ears_are_busy_is_heard_in_one_go() -> None:
    ears = SlowEars()
    unheard = Unheard(ears.hear)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(unheard.run)
        await unheard.put(samples(1))
        await anyio.sleep(0.01)
        for _ in range(3):
            await unheard.put(samples(10))
        ears.may_hear.set()
        await unheard.settled()
        tasks.cancel_scope.cancel()
    assert ears.lots == [1, 30]


async def test_a_sender_that_is_far_ahead_waits_and_loses_nothing() -> None:
    ears = SlowEars()
    unheard = Unheard(ears.hear, max_samples=20)
    sent = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(unheard.run)
        with anyio.move_on_after(0.05):
            while True:
                await unheard.put(samples(10))
                sent += 10
                await anyio.lowlevel.checkpoint()
        assert sent <= 50
        ears.may_hear.set()
        await unheard.settled()
        tasks.cancel_scope.cancel()
    assert sum(ears.lots) == sent


async def test_nothing_to_hear_is_settled_at_once() -> None:
    unheard = Unheard(SlowEars().hear)
    await unheard.put(samples(0))
    with anyio.fail_after(1):
        await unheard.settled()
