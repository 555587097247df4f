"""Who asks, and what they may ask for; a route says which scope it needs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPBearer, SecurityScopes
from starlette.requests import HTTPConnection

from orchestrator.access.account import Account
from orchestrator.errors import Forbidden, Unauthorized

Scope = Literal["chat", "voice", "admin", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

HOW_TO_SHOW = (
    "show a key as `Authorization: Bearer bai_…` or `X-API-Key`; "
    "`python -m orchestrator.access create NAME` makes one (docs/access.md)"
)
# For the schema and the pages made of it; who shows what is found by the middleware.
_BEARER = HTTPBearer(scheme_name="Bearer", description="A key (`bai_…`) or a token.", auto_error=False)
_API_KEY = APIKeyHeader(name="X-API-Key", scheme_name="X-API-Key", auto_error=False)


@dataclass(frozen=True)
class Caller:
    """A key's or token's owner. `user` owns the sessions that it makes; `until` is when it expires (Unix time)."""

    user: str
    scopes: frozenset[Scope]
    until: float = field(default=math.inf, compare=False)
    account: Account = field(default_factory=Account, compare=False, repr=False)

    def require(self, scope: Scope) -> None:
        """Raises: Unauthorized where nobody is known, Forbidden where the scope is missing."""
        if scope in self.scopes:
            return
        if not self.user:
            raise self.account.refused(Unauthorized(f"this needs the scope `{scope}`: {HOW_TO_SHOW}"))
        has = ", ".join(f"`{each}`" for each in sorted(self.scopes)) or "none"
        raise self.account.refused(Forbidden(f"this needs the scope `{scope}`; what you showed has {has}"))

    def add_audio(self, seconds: float) -> None:
        """Count `seconds` of audio that came in. Raises: LimitReached beyond what the key allows for a day."""
        self.account.add_audio(seconds)


LOCAL = Caller("local", frozenset(SCOPES))


def requires(scope: Scope) -> Any:
    """A FastAPI dependency that gives the `Caller`; for a router's `dependencies` or a parameter's annotation."""
    return Security(_allowed, scopes=[scope])


def known() -> Any:
    """As `requires`, for any caller who is known, whatever its scopes."""
    return Security(_allowed)


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller that the access middleware has found."""
    caller: Caller = connection.scope.get("caller", LOCAL)
    return caller


# A coroutine, so that FastAPI runs it in the event loop, where the counts are.
async def _allowed(
    connection: HTTPConnection,
    needed: SecurityScopes,
    _bearer: Annotated[object, Depends(_BEARER)],
    _api_key: Annotated[object, Depends(_API_KEY)],
) -> Caller:
    caller = caller_of(connection)
    for scope in needed.scopes:
        caller.require(scope)  # type: ignore[arg-type]  # FastAPI gives back what `requires` was given
    if not caller.user:
        raise caller.account.refused(Unauthorized(HOW_TO_SHOW))
    return caller
