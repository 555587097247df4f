"""Where the database is: SQLite in the data folder, or what `BEAUTYAI_DATABASE_URL` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from orchestrator.errors import BadSetting, StoreUnusable

FILE = "beautyai.db"
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_POSTGRESQL_WAITS: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 10_000}
"""Seconds until a server that is not there, ms until one that has vanished, counts as failed."""


def address(database_url: SecretStr | None, data_dir: Path) -> URL:
    """The database's address. Raises BadSetting where it is none, or of a database that is not supported."""
    if database_url is None:
        return URL.create(_DRIVERS["sqlite"], database=str(data_dir / FILE))
    try:
        url = make_url(database_url.get_secret_value())
    except (ArgumentError, ValueError):
        url = None
    driver = _DRIVERS.get(url.get_backend_name()) if url is not None else None
    if url is None or driver is None:
        raise BadSetting(
            "BEAUTYAI_DATABASE_URL: use postgresql://user:password@host:5432/name or sqlite:////absolute/path.db"
        )
    return url.set(drivername=driver)


def shown(url: URL) -> str:
    """The address as it may be logged."""
    return str(url.database) if is_sqlite(url) else url.render_as_string(hide_password=True)


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def waits(url: URL) -> dict[str, Any]:
    """What the driver is told about waiting; SQLite is told in `pragmas`."""
    return {} if is_sqlite(url) else {**_POSTGRESQL_WAITS, **url.query}


def make_file(url: URL) -> None:
    """Make SQLite's folder and file, readable by nobody else. Raises StoreUnusable."""
    if not is_sqlite(url) or url.database is None:
        return
    path = Path(url.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnusable(
            f"the database {path} cannot be written: {error.strerror}; give its folder to the user who runs this, "
            "or set BEAUTYAI_DATA_DIR"
        ) from error
