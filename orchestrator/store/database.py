"""The database: sessions that read and sessions that write, over one engine for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from orchestrator.errors import NotStored, StoreUnavailable
from orchestrator.store import address, pragmas
from orchestrator.store.faults import FAULTS, explained

WRITE_SECONDS = 20.0
"""Longer than anything that answers: SQLite waits 5 s for a lock, a vanished PostgreSQL is noticed after 10 s."""


class Database:
    """An open database whose tables are those of `tables`; see `migrating.migrate`."""

    def __init__(self, url: URL) -> None:
        is_sqlite = address.is_sqlite(url)
        self.engine = create_async_engine(url, connect_args=address.waits(url), pool_pre_ping=not is_sqlite)
        if is_sqlite:
            pragmas.tune(self.engine.sync_engine)
        self._writer = self.engine.execution_options(**{pragmas.WRITES: True})
        self._turn_to_write = anyio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session in one transaction. Raises StoreUnavailable where the database does not answer."""
        try:
            async with AsyncSession(self.engine) as session:
                yield session
        except FAULTS as error:
            raise StoreUnavailable(f"the database cannot be read: {explained(error)}; try again") from error

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A session whose changes are on the disk when the block has ended; one at a time in this process.

        Raises:
            NotStored: nothing of it was stored.
        """
        try:
            async with self._turn_to_write:
                with anyio.fail_after(WRITE_SECONDS):
                    async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                        yield session
        except FAULTS as error:
            raise NotStored(f"the database did not take it: {explained(error)}; try again") from error

    async def aclose(self) -> None:
        await self.engine.dispose()
