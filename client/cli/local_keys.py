"""This machine's API keys, through `python -m orchestrator.access`: the client itself knows nothing of the key file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from client.errors import ClientError, Problem, WrongInput

_WRONG_INPUT = 2


@dataclass(frozen=True)
class Asked:
    """What a new key is to be; None is what was not said. `scopes` are separated by commas."""

    name: str
    user: str | None
    scopes: str
    limits: Mapping[str, float | None]
    expires_in_days: float | None

    def request(self) -> dict[str, Any]:
        """As `POST /access/keys` takes it."""
        scopes = [scope.strip() for scope in self.scopes.split(",") if scope.strip()]
        limits = {name: value for name, value in self.limits.items() if value is not None}
        asked = {"name": self.name, "user": self.user, "expires_at": self._expiry()}
        given = {name: value for name, value in asked.items() if value is not None}
        return {**given, "scopes": scopes, "limits": limits}

    def options(self) -> list[str]:
        """As `python -m orchestrator.access create` takes it."""
        named = {"user": self.user, **self.limits, "expires_in_days": self.expires_in_days}
        given = {name: value for name, value in named.items() if value is not None}
        options = [f"--{name.replace('_', '-')}={value}" for name, value in given.items()]
        return [*options, f"--scopes={self.scopes}", "--", self.name]

    def _expiry(self) -> str | None:
        if self.expires_in_days is None:
            return None
        try:
            at = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=self.expires_in_days)
        except (OverflowError, ValueError) as error:
            raise WrongInput(f"--expires-in-days {self.expires_in_days:g}: {error}; give fewer") from error
        return at.isoformat()


def create(asked: Asked) -> dict[str, Any]:
    """The new key, with the key itself.

    Raises:
        WrongInput: a name, a scope or a limit cannot be.
    """
    return _said("create", "--json", *asked.options())


def listed() -> dict[str, Any]:
    """`{"keys": [...]}`, without the keys themselves."""
    return _said("list", "--json")


def revoke(key_id: str) -> None:
    """Raises: Problem where there is no such key."""
    if not _said("revoke", "--json", "--", key_id)["revoked"]:
        raise Problem(
            f"there is no key {key_id}; `beautyai key list` shows those that there are", 404, "not_found", {}
        )


def _said(*arguments: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", "orchestrator.access", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.stdout.strip():
        content: dict[str, Any] = json.loads(done.stdout)
        return content
    complaint = (done.stderr.strip().splitlines() or ["it said nothing"])[-1].removeprefix("beautyai: ")
    if done.returncode == _WRONG_INPUT:
        raise WrongInput(complaint)
    raise ClientError(f"the key file of this machine cannot be used: {complaint}")
