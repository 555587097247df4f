"""What the tests of the client share: a server that speaks the wire, and the event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.client.wire_server import WireServer


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def wire_server(anyio_backend: str) -> AsyncIterator[WireServer]:
    assert anyio_backend == "asyncio"
    async with WireServer() as server:
        yield server
