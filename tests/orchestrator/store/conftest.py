"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL

from orchestrator.store.address import address
from orchestrator.store.store import Store
from tests.orchestrator.store.postgresql import Cluster, running_cluster


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def sqlite(tmp_path: Path) -> URL:
    return address(None, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> URL:
    """The address of an empty database."""
    if request.param == "sqlite":
        sqlite: URL = request.getfixturevalue("sqlite")
        return sqlite
    cluster: Cluster = request.getfixturevalue("postgresql")
    return address(SecretStr(cluster.database()), Path("unused"))


@asynccontextmanager
async def opened(url: URL) -> AsyncIterator[Store]:
    """As a process opens it; at the end it has stopped."""
    store = Store(url)
    async with store.running():
        yield store


@pytest.fixture
async def store(url: URL) -> AsyncIterator[Store]:
    async with opened(url) as store:
        yield store
