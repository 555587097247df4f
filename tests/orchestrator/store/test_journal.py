"""A receipt means stored; a database that fails delays that and loses nothing."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncSession

from orchestrator.errors import NotStored
from orchestrator.history import Conversation
from orchestrator.store import pragmas
from orchestrator.store.database import Database
from orchestrator.store.journal import DatabaseJournal
from orchestrator.store.migrating import migrate
from orchestrator.store.store import Store
from tests.orchestrator.store.conftest import opened

pytestmark = pytest.mark.anyio


async def contents(store: Store, conversation: Conversation) -> list[str]:
    _, messages = await store.library.read(conversation.user, conversation.id)
    return [message.content for message in messages]


async def test_what_is_received_is_in_the_database_in_the_order_it_was_said(store: Store) -> None:
    conversation, _ = await store.conversations.open(None, "ana")
    for number in range(20):
        conversation.said(f"question {number}")
        conversation.heard(f"answer {number}")
    await conversation.latest
    expected = [f"{kind} {number}" for number in range(20) for kind in ("question", "answer")]
    assert await contents(store, conversation) == expected


async def test_words_of_many_conversations_share_commits(store: Store) -> None:
    commits = 0

    def count(_: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(store.database.engine.sync_engine, "commit", count)
    conversations = [(await store.conversations.open(None, "ana"))[0] for _ in range(100)]
    for receipt in [conversation.said("hello") for conversation in conversations]:
        await receipt
    assert commits <= 3
    assert len((await store.library.page("ana", 200))[0]) == 100


async def test_a_locked_database_is_told_at_once_and_gets_everything_when_it_is_free(
    sqlite: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pragmas, "BUSY_MS", 50)
    async with opened(sqlite) as store:
        conversation, _ = await store.conversations.open(None, "ana")
        await conversation.said("before")
        blocker = sqlite3.connect(str(sqlite.database), isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotStored, match="another process keeps it locked"):
            await conversation.heard("meanwhile")
        second = conversation.said("and then")
        assert second.error is not None
        blocker.execute("ROLLBACK")
        with anyio.fail_after(5):
            while not second.is_stored:
                await anyio.sleep(0.01)
        assert await contents(store, conversation) == ["before", "meanwhile", "and then"]
        await conversation.heard("after")


async def test_what_waits_is_stored_when_the_process_ends_in_peace(url: URL) -> None:
    async with opened(url) as store:
        conversation, _ = await store.conversations.open(None, "ana")
        conversation.said("my last words")
    async with opened(url) as store:
        assert await contents(store, conversation) == ["my last words"]


async def test_an_entry_that_no_database_takes_does_not_hold_up_the_others(url: URL) -> None:
    async with opened(url) as store:
        conversation, _ = await store.conversations.open(None, "ana")
        nobody, _ = await store.conversations.open(None, "half a \ud800 name")
        lost, kept = nobody.said("hello"), conversation.said("hello")
        await kept
        with pytest.raises(NotStored):
            await lost


class LosesItsFirstAnswer(Database):
    """The connection breaks between the commit and the answer to it."""

    is_lost = False

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        async with super().writing() as session:
            yield session
        if not self.is_lost:
            self.is_lost = True
            raise NotStored("the connection broke")


async def test_a_try_whose_outcome_is_unknown_stores_nothing_twice(url: URL) -> None:
    migrate(url)
    database = LosesItsFirstAnswer(url)
    async with anyio.create_task_group() as tasks:
        journal = DatabaseJournal(database)
        tasks.start_soon(journal.run)
        conversation = Conversation("talk", "ana", journal=journal)
        with pytest.raises(NotStored, match="broke"):
            await conversation.said("once")
        with anyio.fail_after(5):
            while not conversation.latest.is_stored:
                await anyio.sleep(0.01)
        await conversation.heard("only")
        tasks.cancel_scope.cancel()
    await database.aclose()
    async with opened(url) as store:
        assert await contents(store, conversation) == ["once", "only"]


FULL_DISK = """
import asyncio, resource, sys
from sqlalchemy import make_url
from orchestrator.errors import NotStored
from orchestrator.store.migrating import migrate
from orchestrator.store.store import Store

async def main():
    store = Store(make_url(sys.argv[1]))
    async with store.running():
        conversation, _ = await store.conversations.open("talk", "ana")
        await conversation.said("acknowledged")
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
        try:
            await conversation.heard("x" * 1_000_000)
        except NotStored as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        while not conversation.latest.is_stored:
            await asyncio.sleep(0.05)

asyncio.run(main())
"""


async def test_a_full_disk_is_told_and_loses_nothing(sqlite: URL) -> None:
    address = sqlite.render_as_string(hide_password=False)
    done = await anyio.run_process([sys.executable, "-c", FULL_DISK, address])
    assert b"the database did not take it: its disk" in done.stdout
    async with opened(sqlite) as store:
        _, messages = await store.library.read("ana", "talk")
    assert [len(message.content) for message in messages] == [len("acknowledged"), 1_000_000]


WRITER = """
import asyncio, sys
from sqlalchemy import make_url
from orchestrator.store.migrating import migrate
from orchestrator.store.store import Store

async def main():
    store = Store(make_url(sys.argv[1]))
    async with store.running():
        conversation, _ = await store.conversations.open(sys.argv[2], "ana")
        for number in range(25):
            await conversation.said(f"{sys.argv[2]} {number}")

asyncio.run(main())
"""


async def test_two_processes_may_start_on_an_empty_database_and_write_to_it_at_once(url: URL) -> None:
    address = url.render_as_string(hide_password=False)
    async with anyio.create_task_group() as tasks:
        for name in ("one", "two"):
            tasks.start_soon(anyio.run_process, [sys.executable, "-c", WRITER, address, name])
    async with opened(url) as store:
        for name in ("one", "two"):
            _, messages = await store.library.read("ana", name)
            assert [message.content for message in messages] == [f"{name} {number}" for number in range(25)]
