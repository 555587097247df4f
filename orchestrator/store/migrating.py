"""The database is brought to this version's tables before anything else; a newer one is refused untouched."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, text

from orchestrator.errors import StoreUnusable
from orchestrator.store import address, pragmas
from orchestrator.store.faults import FAULTS, explained

log = logging.getLogger(__name__)
logging.getLogger("alembic").setLevel(logging.WARNING)

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6265617574  # any number that nobody else locks in that database


def migrate(url: URL, revision: str = "head") -> None:
    """Bring the database to `revision`, an empty one too; of two processes one waits for the other.

    Raises:
        StoreUnusable: it cannot be opened or changed, or is of a newer version.
    """
    address.make_file(url)
    try:
        _migrate(url, revision)
    except FAULTS as error:
        raise StoreUnusable(f"the database {address.shown(url)}: {explained(error)}") from error


def _migrate(url: URL, revision: str) -> None:
    driver = "sqlite" if address.is_sqlite(url) else url.drivername
    engine = create_engine(
        url.set(drivername=driver), connect_args=address.waits(url), execution_options={pragmas.WRITES: True}
    )
    if address.is_sqlite(url):
        pragmas.tune(engine)
    try:
        with engine.begin() as connection:
            _upgrade(connection, address.shown(url), revision)
    finally:
        engine.dispose()


def _upgrade(connection: Connection, shown: str, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    before = _refuse_newer(connection, ScriptDirectory.from_config(config), shown)
    command.upgrade(config, revision)
    after = MigrationContext.configure(connection).get_current_heads()
    if before != after:
        log.info("database %s: from %s to %s", shown, ", ".join(before) or "nothing", ", ".join(after))


def _refuse_newer(connection: Connection, scripts: ScriptDirectory, shown: str) -> tuple[str, ...]:
    found = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in scripts.walk_revisions()}
    if unknown := set(found) - known:
        raise StoreUnusable(
            f"the database {shown} is of a newer version than this program (it is at {', '.join(unknown)}, this "
            f"knows up to {scripts.get_current_head()}): run the newer version, or set another BEAUTYAI_DATA_DIR "
            "or BEAUTYAI_DATABASE_URL"
        )
    return found
