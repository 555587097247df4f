"""What the tests of the client share: a server that speaks the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.client.wire_server import WireServer


@pytest.fixture
async def wire_server() -> AsyncIterator[WireServer]:
    async with WireServer() as server:
        yield server
