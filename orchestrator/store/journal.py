"""The one writer of what is said and heard: in order, in as few commits as there is time for, again until it is stored.

Who gives it an entry never waits. All that came in during one commit shares the next one, so many conversations cost
little more than one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import anyio

from orchestrator.errors import NotStored
from orchestrator.history import Conversation, Entry
from orchestrator.receipt import Receipt
from orchestrator.store.database import Database
from orchestrator.store.entries import append
from orchestrator.store.faults import is_of_content

log = logging.getLogger(__name__)

MAX_WAITING = 20_000
"""Entries in memory while the database takes none; more are lost."""

ENTRIES_PER_COMMIT = 500
RETRY_SECONDS = (0.25, 0.5, 1.0, 2.0, 5.0)
LAST_TRY_SECONDS = 3.0


@dataclass(frozen=True)
class _Waiting:
    conversation: Conversation
    entry: Entry
    receipt: Receipt


class DatabaseJournal:
    """A `history.Journal`; `run` stores what waits until it is cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, _Waiting] = {}
        self._arrived = anyio.Event()
        self._failing: NotStored | None = None
        self._tries = 0

    def keep(self, conversation: Conversation, entry: Entry, /) -> Receipt:
        receipt = Receipt()
        if len(self._waiting) >= MAX_WAITING:
            log.error("too much waits to be stored; words of session %s are lost", conversation.id)
            receipt.settle(
                NotStored(f"these words are lost, as {MAX_WAITING} messages wait to be stored already")
            )
            return receipt
        self._waiting[entry.uid] = _Waiting(conversation, entry, receipt)
        if self._failing is not None:
            receipt.settle(self._failing)
        self._arrived.set()
        return receipt

    async def run(self) -> None:
        try:
            while True:
                await self._arrived.wait()
                self._arrived = anyio.Event()
                if not await self.store():
                    await anyio.sleep(RETRY_SECONDS[min(self._tries, len(RETRY_SECONDS)) - 1])
                    self._arrived.set()
        finally:
            await self._last_try()

    async def store(self) -> bool:
        """Store all that waits; False where the database did not take it."""
        size = ENTRIES_PER_COMMIT
        while self._waiting:
            try:
                await self._store_batch(size)
            except NotStored as error:
                if not is_of_content(error.__cause__):
                    self._failed(error)
                    return False
                self._lose(size, error)
                size = 1
            except Exception:
                log.exception("storing broke")
                self._failed(NotStored("storing broke inside the server; its log says why"))
                return False
        return True

    def discard(self, ids: set[str], is_meant: Callable[[Entry], bool]) -> set[str]:
        """Forget what waits of the conversations `ids`, and what `is_meant`; the ids of those that had some."""
        deleted = [
            waiting
            for waiting in self._waiting.values()
            if waiting.conversation.id in ids or is_meant(waiting.entry)
        ]
        for waiting in deleted:
            self._settle(waiting)
        return {waiting.conversation.id for waiting in deleted}

    async def _store_batch(self, size: int) -> None:
        async with self._database.writing() as session:
            batch = list(islice(self._waiting.values(), size))
            left_out = await append(session, [waiting.entry for waiting in batch], again=self._tries > 0)
        if self._failing is not None:
            log.warning("the database takes entries again; %d waited", len(self._waiting))
        self._failing, self._tries = None, 0
        for waiting in batch:
            self._settle(waiting, _FOREIGN if waiting.entry.uid in left_out else None)

    def _settle(self, waiting: _Waiting, error: NotStored | None = None) -> None:
        self._waiting.pop(waiting.entry.uid, None)
        waiting.receipt.settle(error)

    def _failed(self, error: NotStored) -> None:
        if self._failing is None:
            log.error("%s; %d entries wait and are tried again", error, len(self._waiting))
        self._failing = error
        self._tries += 1
        for waiting in self._waiting.values():
            waiting.receipt.settle(error)

    def _lose(self, size: int, error: NotStored) -> None:
        """One of `size` entries can never be stored; where it is alone, it goes, so that the others can be."""
        if size == 1:
            waiting = next(iter(self._waiting.values()))
            log.error("words of session %s cannot be stored and are lost: %s", waiting.conversation.id, error)
            self._settle(waiting, error)

    async def _last_try(self) -> None:
        with anyio.move_on_after(LAST_TRY_SECONDS, shield=True):
            await self.store()
        if self._waiting:
            log.error("%d entries could not be stored and are lost", len(self._waiting))


_FOREIGN = NotStored("this session id is somebody else's; begin another session")
