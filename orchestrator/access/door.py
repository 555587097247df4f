"""Who comes in: the checks of one request or WebSocket, in order, from its names to its caller."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import anyio
from starlette.requests import HTTPConnection

from orchestrator.access.account import Account
from orchestrator.access.accounts import Accounts
from orchestrator.access.caller import HOW_TO_SHOW, LOCAL, Caller
from orchestrator.access.credentials import Shown, is_forwarded, shown_by
from orchestrator.access.key_file import KeyFile
from orchestrator.access.keyring import KeyRing
from orchestrator.access.keys import PREFIX
from orchestrator.access.origins import Names, is_loopback
from orchestrator.access.tickets import Tickets
from orchestrator.access.tokens import Tokens, looks_like_token
from orchestrator.config import Settings
from orchestrator.errors import AccessError, BadSetting, Unauthorized
from orchestrator.metrics import Metrics

_LOOK_SECONDS = 1.0


@dataclass
class Door:
    """Where callers are told apart; `opened` makes one."""

    names: Names
    keys: KeyRing
    tokens: Tokens | None
    tickets: Tickets
    accounts: Accounts
    local_is_open: bool
    metrics: Metrics
    _stranger: Caller = field(init=False)
    _local: Caller = field(init=False)

    def __post_init__(self) -> None:
        account = Account(count_refusal=self.metrics.access_refused)
        self._stranger = Caller("", frozenset(), account=account)
        self._local = dataclasses.replace(LOCAL, account=account)

    @classmethod
    def opened(cls, settings: Settings, metrics: Metrics) -> Door:
        """The door of these settings. Raises: BadSetting where others can reach it and nobody could be known."""
        accounts = Accounts(metrics.access_refused)
        keys = KeyRing(KeyFile(settings.data_dir), accounts)
        tokens = Tokens(settings.oidc, accounts) if settings.oidc else None
        local = is_loopback(settings.host)
        local_is_open = local and not settings.require_keys
        if not local_is_open and not keys and tokens is None:
            raise BadSetting(_no_keys(settings, keys))
        hosts = settings.allowed_hosts if settings.allowed_hosts or local else None
        names = Names(hosts, settings.allowed_origins)
        return cls(names, keys, tokens, Tickets(), accounts, local_is_open, metrics)

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Who asks; one request is counted. Nobody (`user` is empty) where nothing is shown and none is local.

        Raises: AccessError, IdentityUnavailable.
        """
        try:
            self.names.check(connection)
            caller = await self._by(shown_by(connection), self._is_local(connection))
        except AccessError as error:
            raise self._stranger.account.refused(error) from None
        caller.account.request()
        return caller

    async def run(self) -> None:
        """See to it that what was revoked or has expired is closed within a second or two."""
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            self.keys.refresh()
            self.accounts.tidy()

    async def _by(self, shown: Shown, is_local: bool) -> Caller:
        if shown.ticket is not None:
            return self._by_ticket(shown.ticket)
        if shown.secret is None:
            return self._local if is_local else self._stranger
        if shown.secret.startswith(PREFIX):
            return self._by_key(shown.secret)
        if self.tokens is not None and looks_like_token(shown.secret):
            return await self.tokens.caller(shown.secret)
        # Clients that must have a key are given a word for one where none is needed.
        if is_local:
            return self._local
        raise Unauthorized(f"what is shown is no key of this server; {HOW_TO_SHOW}", "unknown_key")

    def _by_key(self, key: str) -> Caller:
        caller = self.keys.caller(key)
        if caller is None:
            raise Unauthorized("this key is unknown, was revoked, or has expired", "unknown_key")
        return caller

    def _by_ticket(self, ticket: str) -> Caller:
        caller = self.tickets.redeem(ticket)
        if caller is None:
            raise Unauthorized(
                "this ticket was used, is too old, or was never given; get another", "unknown_key"
            )
        return caller

    def _is_local(self, connection: HTTPConnection) -> bool:
        """On this machine without any doubt: the address and the name are loopback's, and no proxy speaks."""
        if not self.local_is_open or connection.client is None or is_forwarded(connection):
            return False
        return is_loopback(connection.client.host) and is_loopback(connection.url.hostname or "")


def _no_keys(settings: Settings, keys: KeyRing) -> str:
    why = (
        "BEAUTYAI_REQUIRE_KEYS is set"
        if is_loopback(settings.host)
        else f"{settings.host} can be reached by others"
    )
    return (
        f"{why}, and there is no key in {keys.file.path} and no OpenID provider. Make the first key with\n"
        "  python -m orchestrator.access create admin --scopes chat,voice,admin\n"
        "(compose: make key KEY='create …'; units: sudo beautyai-access create …), "
        "or listen on loopback only: BEAUTYAI_HOST=127.0.0.1. More: docs/access.md"
    )
