"""Words are acknowledged when they are stored, in order; a database that fails costs one wait and an error a turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from orchestrator import protocol
from orchestrator.acknowledging import Acknowledging
from orchestrator.errors import NotStored
from orchestrator.receipt import Receipt, received

pytestmark = pytest.mark.anyio

DONE = protocol.ResponseDone(1, "hello", "completed")
PONG = protocol.Pong(1)
LOST = NotStored("the disk is full")


class Peer:
    def __init__(self) -> None:
        self.got: list[protocol.ServerMessage] = []
        self.acknowledging = Acknowledging(self.got.append)

    async def until(self, count: int) -> None:
        with anyio.fail_after(5):
            while len(self.got) < count:
                await anyio.sleep(0.005)

    def errors(self) -> list[tuple[str, int | None]]:
        return [(error.code, error.turn) for error in self.got if isinstance(error, protocol.Error)]


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(one.acknowledging.run)
        yield one
        tasks.cancel_scope.cancel()


async def test_what_is_stored_is_acknowledged_at_once() -> None:
    async with peer() as one:
        one.acknowledging.send_stored(DONE, 1, received())
        one.acknowledging.send(PONG)
        assert one.got == [DONE, PONG]


async def test_nothing_overtakes_an_acknowledgement() -> None:
    async with peer() as one:
        stored = Receipt()
        one.acknowledging.send_stored(DONE, 1, stored)
        one.acknowledging.send(PONG)
        await anyio.sleep(0.05)
        assert one.got == []
        stored.settle()
        await one.until(2)
        one.acknowledging.send(PONG)
        assert one.got == [DONE, PONG, PONG]


async def test_what_could_not_be_stored_is_told_before_it_once_a_turn() -> None:
    async with peer() as one:
        failed = Receipt()
        failed.settle(LOST)
        for _ in range(2):
            one.acknowledging.send_stored(DONE, 1, failed)
        one.acknowledging.send_stored(DONE, 2, failed)
        assert one.got[0] == protocol.Error("not_stored", "the disk is full", True, 1)
        assert one.errors() == [("not_stored", 1), ("not_stored", 2)]


async def test_a_database_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.acknowledging.PATIENCE_SECONDS", 0.05)
    async with peer() as one:
        hangs = Receipt()
        one.acknowledging.send_stored(DONE, 1, hangs)
        await one.until(2)
        one.acknowledging.send_stored(DONE, 2, Receipt())
        assert one.errors() == [("not_stored", 1), ("not_stored", 2)]


async def test_once_it_stores_again_it_is_waited_for_again() -> None:
    async with peer() as one:
        late, next_one = Receipt(), Receipt()
        late.settle(LOST)
        one.acknowledging.send_stored(DONE, 1, late)
        late.settle()
        one.acknowledging.send_stored(DONE, 2, next_one)
        await anyio.sleep(0.02)
        assert len(one.got) == 2
        next_one.settle()
        await one.until(3)
        assert one.errors() == [("not_stored", 1)]
