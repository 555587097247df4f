"""The accounts of all keys and users of this process, by name."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.access.account import Account
from orchestrator.access.limits import Limits
from orchestrator.errors import AccessError, RefusalReason


class Accounts:
    """One account a name. `count_refusal` is told the reason of each refusal."""

    def __init__(self, count_refusal: Callable[[RefusalReason], None]) -> None:
        self._count_refusal = count_refusal
        self._accounts: dict[str, Account] = {}

    def of(self, name: str, limits: Limits) -> Account:
        """The account of that name; `limits` are those of its first use."""
        if name not in self._accounts:
            self._accounts[name] = Account(limits, self._count_refusal)
        return self._accounts[name]

    def close(self, name: str, error: AccessError) -> None:
        """Forget the account and end its sessions for that reason."""
        if account := self._accounts.pop(name, None):
            account.close(error)

    def tidy(self) -> None:
        """End the sessions whose time is over, and forget accounts of which nothing would be lost."""
        for name, account in list(self._accounts.items()):
            account.end_expired()
            if account.idle:
                del self._accounts[name]
