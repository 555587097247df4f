"""The keys that are valid now: the file read anew when it has changed, and whose key one is."""

from __future__ import annotations

import hmac
import logging
import time

from orchestrator.access.accounts import Accounts
from orchestrator.access.caller import Caller
from orchestrator.access.key_file import KeyFile, Stamp
from orchestrator.access.keys import Key, digest_of, id_of
from orchestrator.errors import BadSetting, Unauthorized

log = logging.getLogger(__name__)


class KeyRing:
    """The file's keys in memory. A file that has become unreadable changes nothing; the log says so.

    Raises when made: BadSetting where the file cannot be read.
    """

    def __init__(self, file: KeyFile, accounts: Accounts) -> None:
        self.file = file
        self._accounts = accounts
        self._stamp: Stamp = file.stamp()
        self._keys = {key.id: key for key in file.read()}

    def __len__(self) -> int:
        return len(self._keys)

    def caller(self, shown: str) -> Caller | None:
        """Whose key `shown` is; None where it is nobody's, or has expired."""
        self.refresh()
        digest = digest_of(shown)
        # How long the look-up takes tells of the digest only, which nobody can steer towards a stored one.
        key = self._keys.get(id_of(digest))
        if key is None or not hmac.compare_digest(key.digest, digest) or key.until <= time.time():
            return None
        return Caller(
            key.user, frozenset(key.scopes), key.until, self._accounts.of(f"key:{key.id}", key.limits)
        )

    def refresh(self) -> None:
        """Read the file where it has changed, and close what a key that is gone has open."""
        stamp = self.file.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._replace({key.id: key for key in self.file.read()})
        except BadSetting as error:
            log.error("the keys stay as they were: %s", error)

    def _replace(self, keys: dict[str, Key]) -> None:
        for key_id, key in self._keys.items():
            # A file that was edited by hand may have given a key other limits: its account begins anew.
            if keys.get(key_id) != key:
                self._accounts.close(f"key:{key_id}", Unauthorized("this key was revoked", "unknown_key"))
        self._keys = keys
        log.info("%d keys are valid", len(keys))
