"""The public keys of an identity provider: fetched, kept, and fetched anew when a token names another one."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import anyio
import httpx2
from jwt import PyJWK, PyJWKSet
from jwt.exceptions import PyJWTError

from orchestrator.errors import IdentityUnavailable

log = logging.getLogger(__name__)

KEPT_SECONDS = 600.0
# A stranger may name a new key in every token: the provider must not hear of it each time.
PAUSE_SECONDS = 10.0
_FETCH_SECONDS = 5.0
_MOST_BYTES = 1_000_000


class PublicKeys:
    """The key set behind one URL. Keys that were had once go on being used while the provider does not answer."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: dict[str | None, PyJWK] = {}
        self._fetched_at = self._tried_at = -math.inf
        self._fetching = anyio.Lock()

    async def key(self, key_id: str | None) -> PyJWK | None:
        """The key of that id; without an id the only one. None where there is none. Raises: IdentityUnavailable."""
        if self._clock() - self._fetched_at > KEPT_SECONDS or self._find(key_id) is None:
            async with self._fetching:
                await self._fetch(key_id)
        if not self._keys:
            raise IdentityUnavailable("the identity provider's keys cannot be had; try again soon")
        return self._find(key_id)

    def _find(self, key_id: str | None) -> PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _fetch(self, key_id: str | None) -> None:
        """Unless another one did while we waited for the lock, or the last try was just now."""
        now = self._clock()
        fresh = now - self._fetched_at <= KEPT_SECONDS and self._find(key_id) is not None
        if fresh or now - self._tried_at < PAUSE_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = await self._fetched()
            self._fetched_at = now
        except (httpx2.HTTPError, PyJWTError, ValueError) as error:
            log.warning("%s: %s: %s", self._url, type(error).__name__, error)

    async def _fetched(self) -> dict[str | None, PyJWK]:
        async with httpx2.AsyncClient(timeout=_FETCH_SECONDS) as client:
            answer = await client.get(self._url)
        answer.raise_for_status()
        if len(answer.content) > _MOST_BYTES:
            raise ValueError("the key set is too large")
        keys = PyJWKSet.from_json(answer.text).keys
        # One that is for encryption signs nothing.
        return {key.key_id: key for key in keys if key.public_key_use in (None, "sig")}
