"""Tokens of an identity provider (JWT): checked, and their claims made into a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from orchestrator.access.accounts import Accounts
from orchestrator.access.caller import SCOPES, Caller, Scope
from orchestrator.access.jwks import PublicKeys
from orchestrator.access.oidc import OidcSettings
from orchestrator.errors import Unauthorized

_USER_PREFIX = "oidc:"  # no key's user has a colon
_MOST_USER_CHARACTERS = 200


def looks_like_token(shown: str) -> bool:
    return shown.count(".") == 2 and shown.startswith("ey")


class Tokens:
    """Callers by the tokens of one provider."""

    def __init__(self, settings: OidcSettings, accounts: Accounts) -> None:
        self._settings = settings
        self._accounts = accounts
        self._public_keys = PublicKeys(settings.jwks_url)

    async def caller(self, token: str) -> Caller:
        """Whose token it is. Raises: Unauthorized that says what is wrong with it; IdentityUnavailable."""
        try:
            claims = await self._claims(token)
        except (PyJWTError, RecursionError) as error:  # lists in lists without end are no header
            raise Unauthorized(f"this token is not accepted: {error}", "unknown_key") from error
        user = self._user(claims)
        until = float(claims["exp"]) + self._settings.clock_skew_seconds
        account = self._accounts.of(user, self._settings.limits)
        return Caller(user, self._scopes(claims), until, account)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        key = await self._public_keys.key(jwt.get_unverified_header(token).get("kid"))
        if key is None:
            raise Unauthorized(
                "this token is signed with a key that its issuer does not publish", "unknown_key"
            )
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(self._settings.algorithms),
            issuer=self._settings.issuer,
            audience=self._settings.audience,
            leeway=self._settings.clock_skew_seconds,
            options={"require": ["exp", "iss", "aud"]},
        )
        return claims

    def _user(self, claims: Mapping[str, Any]) -> str:
        user = claims.get(self._settings.user_claim)
        if not isinstance(user, str) or not 0 < len(user) <= _MOST_USER_CHARACTERS:
            raise Unauthorized(f"this token names no user in `{self._settings.user_claim}`", "unknown_key")
        return _USER_PREFIX + user

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        said = claims.get(self._settings.scopes_claim, ())
        words = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        return frozenset(scope for scope in SCOPES if f"{self._settings.scope_prefix}{scope}" in words)
