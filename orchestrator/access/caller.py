"""Who asks, and what they may ask for; a route says which scope it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from fastapi import Security
from starlette.requests import HTTPConnection

Scope = Literal["chat", "voice", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True)
class Caller:
    """A key's or token's owner. `user` owns the sessions that it makes."""

    user: str
    scopes: frozenset[Scope]


LOCAL = Caller("local", frozenset(SCOPES))


def requires(scope: Scope) -> Any:
    """A FastAPI dependency that gives the `Caller`; for a router's `dependencies` or a parameter's annotation."""
    return Security(caller_of, scopes=[scope])


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller that the access middleware has found."""
    caller: Caller = connection.scope.get("caller", LOCAL)
    return caller
