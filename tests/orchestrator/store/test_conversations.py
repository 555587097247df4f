"""A session id finds its conversation again, for its owner and for nobody else, also in another process."""

from __future__ import annotations

import gc
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import URL

from orchestrator.errors import BadSetting, NotFound, NotStored
from orchestrator.history import MAX_MESSAGES
from orchestrator.store.retention import Retention
from orchestrator.store.store import Store
from tests.orchestrator.store.conftest import opened

pytestmark = pytest.mark.anyio


async def test_a_conversation_is_taken_up_again_after_a_restart(url: URL) -> None:
    async with opened(url) as store:
        conversation, known = await store.conversations.open(None, "ana")
        assert not known
        conversation.said("I would like", language="en")
        conversation.said("a coffee")
        await conversation.heard("With or without", cut=True, thinking="milk?")
    async with opened(url) as store:
        again, known = await store.conversations.open(conversation.id, "ana")
        assert known
        assert again.prompt("be brief") == conversation.prompt("be brief")
        assert again.messages == [
            {"role": "user", "content": "I would like a coffee"},
            {"role": "assistant", "content": "With or without…"},
        ]
        await again.said("without")
        _, messages = await store.library.read("ana", conversation.id)
    assert [(message.turn, message.language, message.cut, message.thinking) for message in messages] == [
        (1, "en", False, None),
        (1, None, False, None),
        (1, None, True, "milk?"),
        (2, None, False, None),
    ]
    ages = [datetime.now(timezone.utc) - message.at for message in messages]
    assert ages == sorted(ages, reverse=True)
    assert max(ages) < timedelta(minutes=1)


async def test_a_long_conversation_is_taken_up_with_its_latest_turns(store: Store) -> None:
    conversation, _ = await store.conversations.open("long", "ana")
    for number in range(MAX_MESSAGES):
        conversation.said(f"question {number}")
        conversation.heard(f"answer {number}")
    await conversation.latest
    del conversation
    gc.collect()
    again, _ = await store.conversations.open("long", "ana")
    assert len(again.messages) <= MAX_MESSAGES
    assert again.messages[0]["role"] == "user"
    assert again.messages[-1]["content"] == f"answer {MAX_MESSAGES - 1}"
    assert again.turn == MAX_MESSAGES


async def test_anothers_session_is_not_there(url: URL) -> None:
    async with opened(url) as store:
        conversation, _ = await store.conversations.open(None, "ana")
        await conversation.said("my secret")
        with pytest.raises(NotFound):
            await store.conversations.open(conversation.id, "bob")
    async with opened(url) as store:
        with pytest.raises(NotFound):
            await store.conversations.open(conversation.id, "bob")
        with pytest.raises(NotFound):
            await store.conversations.delete(conversation.id, "bob")
        assert (await store.conversations.open(conversation.id, "ana"))[1]


async def test_who_holds_one_conversation_twice_hears_both(store: Store) -> None:
    first, _ = await store.conversations.open("shared", "ana")
    second, known = await store.conversations.open("shared", "ana")
    first.said("hello")
    assert (known, second.messages) == (True, [{"role": "user", "content": "hello"}])


async def test_an_id_that_two_users_choose_in_two_processes_is_the_firsts(url: URL) -> None:
    async with opened(url) as here, opened(url) as there:
        mine, _ = await here.conversations.open("chosen", "ana")
        theirs, _ = await there.conversations.open("chosen", "bob")
        await mine.said("first")
        with pytest.raises(NotStored, match="somebody else's"):
            await theirs.said("second")
        _, messages = await here.library.read("ana", "chosen")
    assert [message.content for message in messages] == ["first"]


async def test_an_id_of_other_characters_is_refused(store: Store) -> None:
    with pytest.raises(BadSetting, match="session_id"):
        await store.conversations.open("../../etc", "ana")


async def test_what_no_database_takes_is_left_out_of_the_words(store: Store) -> None:
    conversation, _ = await store.conversations.open(None, "ana")
    await conversation.said("one\0two \ud800 🙂")
    _, messages = await store.library.read("ana", conversation.id)
    assert messages[0].content == "onetwo ? 🙂"


async def test_a_deleted_conversation_that_goes_on_begins_anew(store: Store) -> None:
    conversation, _ = await store.conversations.open(None, "ana")
    await conversation.said("forget this")
    unsaved = conversation.heard("I shall")
    await store.conversations.delete(conversation.id, "ana")
    await unsaved
    with pytest.raises(NotFound):
        await store.library.read("ana", conversation.id)
    await conversation.said("hello")
    _, messages = await store.library.read("ana", conversation.id)
    assert [message.content for message in messages] == ["hello"]
    assert conversation.messages == [{"role": "user", "content": "hello"}]


async def test_all_of_a_users_conversations_are_deleted_and_nobody_elses(store: Store) -> None:
    for user in ("ana", "bob"):
        for _ in range(3):
            await (await store.conversations.open(None, user))[0].said("hello")
    waiting = (await store.conversations.open(None, "ana"))[0]
    waiting.said("this waits to be stored")
    assert await store.conversations.delete_all("ana") == 4
    await waiting.latest
    assert (await store.library.page("ana", 10))[0] == []
    assert len((await store.library.page("bob", 10))[0]) == 3


async def test_retention_deletes_what_nobody_has_gone_on_with(store: Store) -> None:
    old, new = [(await store.conversations.open(name, "ana"))[0] for name in ("old", "new")]
    await old.said("hello")
    await new.said("hello")
    listed, _ = await store.library.read("ana", "old")
    async with store.database.writing() as session:
        listed.row.updated_at = datetime.now(timezone.utc) - timedelta(days=3)
        await session.merge(listed.row)
    await Retention(store.conversations, days=4).expire()
    assert len((await store.library.page("ana", 10))[0]) == 2
    await Retention(store.conversations, days=2).expire()
    assert [each.row.id for each in (await store.library.page("ana", 10))[0]] == ["new"]
    assert old.messages == []
