"""What an operator says of an OpenID Connect provider. Data, validated."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orchestrator.access.limits import Limits
from orchestrator.access.origins import is_loopback

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


def _safe(url: str) -> str:
    """Keys that came over plain HTTP are anybody's."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("must begin with https://")
    return url


class OidcSettings(BaseModel):
    """Whose tokens are taken, and what their claims mean. Algorithms are asymmetric ones only.

    scopes_claim: a list, or words in one string; `scope_prefix` and a scope's name give that scope.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str = Field(min_length=1)
    audience: str = Field(min_length=1)
    jwks_url: Annotated[str, AfterValidator(_safe)]
    algorithms: tuple[Algorithm, ...] = Field(("RS256", "ES256", "EdDSA"), min_length=1)
    user_claim: str = "sub"
    scopes_claim: str = "scope"
    scope_prefix: str = "beautyai:"
    clock_skew_seconds: int = Field(30, ge=0, le=300)
    limits: Limits = Limits()
