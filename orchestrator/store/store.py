"""The store as the process has it: opened with its tables as they should be, running until the process ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio import to_thread
from sqlalchemy import URL

from orchestrator.store.conversations import Conversations
from orchestrator.store.database import Database
from orchestrator.store.journal import DatabaseJournal
from orchestrator.store.library import Library
from orchestrator.store.migrating import migrate
from orchestrator.store.retention import Retention


class Store:
    """`conversations` for who talks, `library` for who looks; nothing is opened before `running`."""

    def __init__(self, url: URL, retention_days: int = 0) -> None:
        self._url = url
        self.database = Database(url)
        self._journal = DatabaseJournal(self.database)
        self.conversations = Conversations(self.database, self._journal)
        self.library = Library(self.database)
        self._retention = Retention(self.conversations, retention_days)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What is said is stored while the block runs; at its end what still waits, if the database takes it.

        Raises:
            StoreUnusable: the database cannot be opened, or is of a newer version.
        """
        await to_thread.run_sync(migrate, self._url)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._journal.run)
                tasks.start_soon(self._retention.run)
                yield
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self.database.aclose()
