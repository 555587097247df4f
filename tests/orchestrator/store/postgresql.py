"""A PostgreSQL server of the tests' own, from Debian's package, in a temporary folder and on a free port."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from embedded import ports

PROGRAMS = "/usr/lib/postgresql"


class Cluster:
    """A running server; every `database` is a new, empty schema, which is made much faster than a database."""

    def __init__(self, port: int) -> None:
        self._url = f"postgresql://tester@127.0.0.1:{port}/postgres"

    def database(self) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self._url}?options=-csearch_path%3D{name}"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Skips the test where PostgreSQL is not installed."""
    folder, port = Path(tempfile.mkdtemp(prefix="postgresql-")), ports.free_port()
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    if os.getuid() == 0:
        shutil.chown(folder, _unprivileged())
    # Nothing here asks what a crash of PostgreSQL itself would lose.
    options = f"-p {port} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    _run(
        initdb, "-D", folder / "data", "-U", "tester", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"
    )
    _run(pg_ctl, "-D", folder / "data", "-l", folder / "log", "-o", options, "-w", "start")
    try:
        yield Cluster(port)
    finally:
        _run(pg_ctl, "-D", folder / "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> Path:
    found = sorted(Path(PROGRAMS).glob(f"*/bin/{name}"))
    if not found:
        pytest.skip(f"no PostgreSQL: {PROGRAMS}/*/bin/{name} is missing (apt-get install postgresql)")
    return found[-1]


def _unprivileged() -> str:
    """PostgreSQL refuses to run as root."""
    users = {user.pw_name for user in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def _run(*command: str | Path) -> None:
    user = _unprivileged() if os.getuid() == 0 else None
    done = subprocess.run(
        command, user=user, capture_output=True, text=True, timeout=60, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stdout + done.stderr
