"""SQLite as it is used here: a write-ahead log, every commit on the disk, foreign keys, writers that wait in line."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

WRITES = "writes"
"""The execution option of connections that will write: two that read first and write then could only fail."""

BUSY_MS = 5000
"""How long a writer waits for another process's."""

_PRAGMAS = (
    "PRAGMA busy_timeout = {busy_ms}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def tune(engine: Engine) -> None:
    """Use `engine`'s connections so from now on."""
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _begin)


def _connected(connection: Any, _: object) -> None:
    # The driver would begin transactions by itself, and too late: only before the first change.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma.format(busy_ms=BUSY_MS))
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
