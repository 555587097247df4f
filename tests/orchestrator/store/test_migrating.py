"""Whatever database is found: it gets this version's tables, keeps what is in it, or is left alone with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, text

from orchestrator.__main__ import main
from orchestrator.errors import BadSetting, StoreUnusable
from orchestrator.store.address import address
from orchestrator.store.migrating import migrate
from orchestrator.store.tables import Table
from tests.orchestrator.store.conftest import opened

OLD_ROWS = (
    "INSERT INTO conversations VALUES ('a', 'ana', 'Old', '2026-01-02 03:04:05', '2026-01-02 03:04:05')",
    "INSERT INTO messages (uid, conversation_id, role, content, at, cut, turn) "
    "VALUES ('u', 'a', 'user', 'hello', '2026-01-02 03:04:05', false, 1)",
)


def changed(url: URL, *statements: str) -> None:
    driver = "sqlite" if url.get_backend_name() == "sqlite" else url.drivername
    engine = create_engine(url.set(drivername=driver))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def differences(url: URL) -> list[object]:
    driver = "sqlite" if url.get_backend_name() == "sqlite" else url.drivername
    engine = create_engine(url.set(drivername=driver))
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Table.metadata)
    engine.dispose()
    return list(found)


def test_an_empty_database_gets_the_tables_that_the_code_uses(url: URL) -> None:
    migrate(url)
    assert differences(url) == []


@pytest.mark.anyio
async def test_a_database_of_the_revision_before_keeps_its_conversations(url: URL) -> None:
    migrate(url, "0001")
    changed(url, *OLD_ROWS)
    async with opened(url) as store:
        _, messages = await store.library.read("ana", "a")
        conversation, known = await store.conversations.open("a", "ana")
        await conversation.heard("and hello to you", cut=False, thinking="a greeting")
        _, later = await store.library.read("ana", "a")
    assert (known, conversation.messages[0]["content"]) == (True, "hello")
    assert [(row.content, row.language, row.thinking) for row in messages] == [("hello", None, None)]
    assert later[-1].thinking == "a greeting"


def test_a_newer_database_is_refused_and_left_as_it_is(url: URL) -> None:
    migrate(url)
    changed(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match=r"newer version.*9999.*BEAUTYAI_DATA_DIR"):
        migrate(url)
    changed(url, "UPDATE alembic_version SET version_num = '0002'")
    assert differences(url) == []


def test_a_process_that_finds_a_newer_database_says_so_and_ends(
    sqlite: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate(sqlite)
    changed(sqlite, "UPDATE alembic_version SET version_num = '9999'")
    monkeypatch.setenv("BEAUTYAI_DATA_DIR", str(Path(str(sqlite.database)).parent))
    assert main() == 2
    assert "newer version" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match=r"file/beautyai.db cannot be written.*BEAUTYAI_DATA_DIR"):
        migrate(address(None, tmp_path / "file"))


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "beautyai.db").write_text("a letter to a friend" * 100)
    with pytest.raises(StoreUnusable, match=r"no SQLite database; move it away"):
        migrate(address(None, tmp_path))
    assert (tmp_path / "beautyai.db").read_text().startswith("a letter")


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    url = address(SecretStr("postgresql://ana:secret@127.0.0.1:1/talk"), Path("unused"))
    with pytest.raises(StoreUnusable, match="cannot be reached") as refused:
        migrate(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("wrong", ["mysql://host/name", "no address", "postgresql://host:port/name"])
def test_an_address_of_another_kind_is_refused_by_the_name_of_its_setting(wrong: str) -> None:
    with pytest.raises(BadSetting, match="BEAUTYAI_DATABASE_URL"):
        address(SecretStr(wrong), Path("unused"))


def test_conversations_are_nobody_elses_to_read(tmp_path: Path) -> None:
    migrate(address(None, tmp_path / "new"))
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "beautyai.db").stat().st_mode & 0o077 == 0
