"""The promise that something is stored: settled once, asked any number of times, by anybody or by nobody."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import anyio

from orchestrator.errors import NotStored


class Receipt:
    """Await it to know that what it is for is stored; raises NotStored where that has failed so far."""

    def __init__(self) -> None:
        self.error: NotStored | None = None
        self._settled = anyio.Event()

    @property
    def is_stored(self) -> bool:
        return self._settled.is_set() and self.error is None

    def settle(self, error: NotStored | None = None) -> None:
        """It is stored, or could not be; the last word counts, as storing is tried again."""
        self.error = error
        self._settled.set()

    async def settled(self) -> None:
        """Return when it is stored or could not be."""
        await self._settled.wait()

    def __await__(self) -> Generator[Any, None, None]:
        return self._stored().__await__()

    async def _stored(self) -> None:
        await self._settled.wait()
        if self.error is not None:
            raise self.error


def received() -> Receipt:
    """A receipt of what is stored already."""
    receipt = Receipt()
    receipt.settle()
    return receipt
