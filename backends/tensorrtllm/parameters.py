"""Parameters of a `config.pbtxt`, each read with its name in the complaint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConfigurationError


def parameter(model_config: Mapping[str, Any], name: str, default: str) -> str:
    """The value of one parameter of a parsed `config.pbtxt`; an empty one counts as absent."""
    value: str = model_config.get("parameters", {}).get(name, {}).get("string_value", "")
    return value or default


def whole_number(name: str, value: str, lowest: int = 1) -> int:
    """Raises: ConfigurationError unless `value` is a whole number of at least `lowest`."""
    try:
        number = int(value)
    except ValueError:
        raise ConfigurationError(f"{name}: '{value}' is not a whole number") from None
    if number < lowest:
        raise ConfigurationError(f"{name}: {number} is too small, give at least {lowest}")
    return number


def fraction(name: str, value: str) -> float:
    """Raises: ConfigurationError unless `value` is a number above 0 and below 1."""
    try:
        number = float(value)
    except ValueError:
        raise ConfigurationError(f"{name}: '{value}' is not a number") from None
    if not 0 < number < 1:
        raise ConfigurationError(f"{name}: {value} is not between 0 and 1")
    return number


def flag(name: str, value: str) -> bool:
    """Raises: ConfigurationError unless `value` is true, false, 1 or 0, in any case."""
    known = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in known:
        raise ConfigurationError(f"{name}: '{value}' is neither true nor false")
    return known[value.lower()]
