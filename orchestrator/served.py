"""Which language models a request may name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.errors import UnknownModel

# `smollm2-135m-ddabe338f50b-1`: what the embedded runtime adds to a folder's name says which content it has.
_CONTENT = re.compile(r"(-[0-9a-f]{12})?(-\d+)?$")


class Served(Protocol):
    """The models that are there; the first is what answers where none is named."""

    def ids(self) -> Sequence[str]: ...


@dataclass(frozen=True)
class OneModel:
    """The model whose tokenizer lies in `folder`, named as that is."""

    folder: Path

    def ids(self) -> Sequence[str]:
        return (_CONTENT.sub("", self.folder.name) or self.folder.name,)


def require_served(served: Served, model: str | None) -> str:
    """The name of the model that answers.

    Raises:
        UnknownModel: `model` is not served.
    """
    ids = served.ids()
    if model is None:
        return ids[0]
    if model not in ids:
        raise UnknownModel(
            f"there is no model {model!r} loaded; there is {', '.join(map(repr, ids))}", field="model"
        )
    return model
