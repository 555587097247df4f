"""Which language models a request may name, and what a generation of each has where the request says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


class Served(Protocol):
    """The models that are there; `registry.Registry` is one."""

    def ids(self) -> Sequence[str]:
        """Those that answer; the default one first."""
        ...

    def language_model(self, asked: str | None) -> str:
        """The name of the model that answers where `asked` is named, or none.

        Raises:
            UnknownModel: there is no such model.
            ModelUnloaded: it is known, and not loaded.
        """
        ...

    def default_parameters(self, model: str) -> dict[str, Any]:
        """The parameters that an administrator has given it."""
        ...
