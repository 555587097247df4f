"""API keys: how one is made, and what is kept of it. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orchestrator.access.caller import SCOPES, Scope
from orchestrator.access.limits import Limits

PREFIX = "bai_"
KEY_PATTERN = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")
_SECRET_BYTES = 32
_ID_DIGITS = 12


def _ordered(scopes: tuple[Scope, ...]) -> tuple[Scope, ...]:
    return tuple(scope for scope in SCOPES if scope in scopes)


def _aware(at: datetime) -> datetime:
    """A time without a zone is one of UTC."""
    try:
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is beyond the years 1 to 9999 of UTC") from None


Time = Annotated[datetime, AfterValidator(_aware)]


class KeyRequest(BaseModel):
    """What a new key is to be. `user` owns the conversations made with it; two keys of one user share them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@ -]{0,63}$", examples=["phone"])
    user: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$",
        description="Who it belongs to; absent: the key's id",
    )
    scopes: Annotated[tuple[Scope, ...], AfterValidator(_ordered)] = Field(("chat", "voice"), min_length=1)
    limits: Limits = Limits()
    expires_at: Time | None = None


class KeyInfo(BaseModel):
    """A key as it may be shown; the key itself is not in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    name: str
    user: str
    scopes: tuple[Scope, ...]
    limits: Limits
    created_at: Time
    expires_at: Time | None = None


class Key(KeyInfo):
    """A key as it is kept. `digest` is the SHA-256 of the key, in hex.

    SHA-256 and no slow hash: a key has 256 random bits, so there is nothing to guess that slowness would protect, and
    a slow hash at every request would be a way to exhaust the server.
    """

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")

    @property
    def until(self) -> float:
        """When it expires, in Unix time; infinite where never."""
        return self.expires_at.timestamp() if self.expires_at else float("inf")

    def info(self) -> KeyInfo:
        return KeyInfo.model_validate(self.model_dump(exclude={"digest"}))


def new_key(request: KeyRequest) -> tuple[str, Key]:
    """The key itself, which is shown once, and what is kept of it."""
    shown = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    digest = digest_of(shown)
    name = id_of(digest)
    kept = Key(
        id=name,
        name=request.name,
        user=request.user or name,
        scopes=request.scopes,
        limits=request.limits,
        created_at=datetime.now(timezone.utc).replace(microsecond=0),
        expires_at=request.expires_at,
        digest=digest,
    )
    return shown, kept


def digest_of(shown: str) -> str:
    return hashlib.sha256(shown.encode()).hexdigest()


def id_of(digest: str) -> str:
    """The public name of a key: enough of its digest to find it, and to say which one has leaked."""
    return digest[:_ID_DIGITS]
