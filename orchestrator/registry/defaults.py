"""The default parameters that a model may have: those of a request, with the same ranges. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from orchestrator.parameters import GenerationParameters
from orchestrator.protocol import explain


def checked_defaults(wanted: dict[str, Any]) -> dict[str, Any]:
    """`wanted`, if every name is known and every value within its range. Raises: ValueError naming all that is not."""
    try:
        known = GenerationParameters.model_validate(wanted)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    return known.model_dump(mode="json", exclude_none=True, by_alias=True)
