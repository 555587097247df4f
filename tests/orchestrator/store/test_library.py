"""Conversations in pages, under titles."""

from __future__ import annotations

import pytest

from orchestrator.errors import BadSetting, NotFound
from orchestrator.store.cursors import Cursor
from orchestrator.store.store import Store
from orchestrator.store.titles import MAX_CHARACTERS, title_of

pytestmark = pytest.mark.anyio


async def test_pages_show_each_conversation_once_newest_first_also_while_others_begin(store: Store) -> None:
    made = [(await store.library.create("ana", f"number {number}")).row.id for number in range(7)]
    seen: list[str] = []
    page, cursor = await store.library.page("ana", 3)
    while True:
        seen += [each.row.id for each in page]
        if cursor is None:
            break
        await store.library.create("ana", "in between")
        page, cursor = await store.library.page("ana", 3, Cursor.parse(str(cursor)))
    assert seen == made[::-1]


async def test_a_conversation_is_named_by_its_first_words_unless_it_has_a_name(store: Store) -> None:
    unnamed, _ = await store.conversations.open(None, "ana")
    unnamed.said("What time is it?")
    unnamed.heard("Noon.")
    await unnamed.said("Thank you.")
    named = (await store.library.create("ana", "About time")).row.id
    await (await store.conversations.open(named, "ana"))[0].said("What time is it?")
    page, _ = await store.library.page("ana", 10)
    assert {(each.row.title, each.message_count) for each in page} == {
        ("What time is it?", 3),
        ("About time", 1),
    }


async def test_a_new_name_stays(store: Store) -> None:
    created = (await store.library.create("ana")).row.id
    assert (await store.library.rename("ana", created, "Talk")).row.title == "Talk"
    await (await store.conversations.open(created, "ana"))[0].said("hello")
    assert (await store.library.read("ana", created))[0].row.title == "Talk"
    with pytest.raises(NotFound):
        await store.library.rename("bob", created, "Mine")


@pytest.mark.parametrize("wrong", ["", "?", "bm90IGEgY3Vyc29y", "9" * 100, "ÿ"])
def test_a_cursor_that_was_not_given_out_is_refused(wrong: str) -> None:
    with pytest.raises(BadSetting, match="next_cursor"):
        Cursor.parse(wrong)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("  What\n time is it? ", "What time is it?"),
        ("word " * 30, "word " * 11 + "word…"),
        ("x" * 100, "x" * (MAX_CHARACTERS - 1) + "…"),
        ("", ""),
    ],
)
def test_a_title_is_one_line_of_whole_words(words: str, title: str) -> None:
    assert title_of(words) == title
    assert len(title) <= MAX_CHARACTERS
