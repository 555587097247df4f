"""Conversations that nobody has gone on with for `BEAUTYAI_RETENTION_DAYS` are deleted, once an hour."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone

import anyio

from orchestrator.errors import StoreError
from orchestrator.store.conversations import Conversations

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0


class Retention:
    """`days`: 0 keeps everything for ever."""

    def __init__(self, conversations: Conversations, days: int) -> None:
        self._conversations = conversations
        self._days = days

    async def run(self) -> None:
        while self._days:
            await self.expire()
            await anyio.sleep(EVERY_SECONDS)

    async def expire(self) -> None:
        """Delete what is too old now; a database that does not answer is asked again in an hour."""
        limit = datetime.now(timezone.utc) - timedelta(days=self._days)
        try:
            deleted = await self._conversations.delete_older(limit)
        except StoreError as error:
            log.warning("old sessions were not deleted: %s", error)
        else:
            log.info("retention: %d sessions older than %d days deleted", deleted, self._days)
