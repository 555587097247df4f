"""Requests that nobody waits for in a conversation, beside those of live turns."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from orchestrator.errors import InferenceOverloaded
from orchestrator.priorities import Priorities

pytestmark = pytest.mark.anyio


class World:
    """Background work that is begun, told by name."""

    def __init__(self) -> None:
        self.priorities = Priorities(1)
        self.began: list[str] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with anyio.create_task_group() as self._tasks:
            yield self
            self._tasks.cancel_scope.cancel()

    async def upload(self, name: str) -> anyio.Event:
        """Ask for background work that goes on until the event is set."""
        done = anyio.Event()

        async def work() -> None:
            async with self.priorities.background(60):
                self.began.append(name)
                await done.wait()

        await self.start(work)
        return done

    async def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.start_soon(work)
        await settled()


async def settled() -> None:
    await anyio.sleep(0.06)


async def test_one_piece_of_background_work_runs_at_a_time_in_the_order_asked() -> None:
    async with World().running() as world:
        first, second = await world.upload("a"), await world.upload("b")
        await world.upload("c")
        assert world.began == ["a"]
        first.set()
        await settled()
        assert world.began == ["a", "b"]
        second.set()
        await settled()
        assert world.began == ["a", "b", "c"]


async def test_background_work_waits_for_live_turns() -> None:
    async with World().running() as world:
        with world.priorities.urgent():
            await world.upload("a")
            assert world.began == []
        await settled()
        assert world.began == ["a"]


async def test_background_work_waits_for_partials() -> None:
    async with World().running() as world:
        async with world.priorities.partial(1):
            await world.upload("a")
            assert world.began == []
        await settled()
        assert world.began == ["a"]


async def test_a_live_turn_does_not_wait_for_background_work() -> None:
    async with World().running() as world:
        await world.upload("a")
        with anyio.fail_after(0.05):
            async with world.priorities.partial(1):
                pass


async def test_work_that_finds_no_moment_is_told_to_come_again_and_leaves_the_place() -> None:
    async with World().running() as world:
        with world.priorities.urgent(), pytest.raises(InferenceOverloaded, match="live conversations"):
            async with world.priorities.background(0.02):
                pass
        await world.upload("a")
        with pytest.raises(InferenceOverloaded):
            async with world.priorities.background(0.02):
                pass
        assert world.began == ["a"]
