"""The model's parameters, checked once at load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import SettingsError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class Settings:
    """What `config.pbtxt` and the environment decide; each field is the parameter of that name."""

    system_prompt: str
    tokenizer_dir: Path
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    repetition_penalty: float | None
    """None: as the loaded model needs it."""
    workers: int
    max_pending: int

    @classmethod
    def read(cls, parameters: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
        """Parse `parameters`, where `${NAME}` and `${NAME:-default}` stand for variables of `environ`.

        Raises SettingsError, naming the parameter.
        """
        values = {key: _expanded(key, value, environ) for key, value in parameters.items()}
        return cls(
            system_prompt=values["system_prompt"],
            tokenizer_dir=Path(values["tokenizer_dir"]),
            max_tokens=int(_number(values, "max_tokens", 1, 32_768)),
            temperature=_number(values, "temperature", 0, 5),
            top_p=_number(values, "top_p", 0, 1),
            top_k=int(_number(values, "top_k", 0, 1024)),
            repetition_penalty=_optional_number(values, "repetition_penalty", 0.1, 10),
            workers=int(_number(values, "workers", 1, 256)),
            max_pending=int(_number(values, "max_pending", 1, 4096)),
        )


def _expanded(key: str, value: str, environ: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        found = environ.get(match[1]) or match[2]
        if found is None:
            raise SettingsError(f"parameter {key} needs the environment variable {match[1]}: set it")
        return found

    return _VARIABLE.sub(replacement, value)


def _optional_number(values: Mapping[str, str], key: str, low: float, high: float) -> float | None:
    return _number(values, key, low, high) if values[key] else None


def _number(values: Mapping[str, str], key: str, low: float, high: float) -> float:
    try:
        number = float(values[key])
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise SettingsError(f"parameter {key} must be a number from {low:g} to {high:g}, not {values[key]!r}")
    return number
