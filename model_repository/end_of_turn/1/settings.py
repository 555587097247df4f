"""The parameters of `config.pbtxt` as one validated object, so that a bad value fails when the model loads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class SettingsError(ValueError):
    """A parameter of `config.pbtxt`, or the environment variable it names, has to be corrected."""


@dataclass(frozen=True)
class Settings:
    """Where the ONNX file lies, CPU threads of one inference, longest audio of one request."""

    model_path: Path
    threads: int
    max_audio_seconds: float

    @classmethod
    def parse(cls, parameters: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
        """Raises `SettingsError` for a missing file, an unset variable or a number out of range."""
        model_path = Path(_expanded("model_path", parameters, environment))
        if not model_path.is_file():
            raise SettingsError(
                f"model_path: no file {model_path}; BEAUTYAI_END_OF_TURN_MODEL names the Smart Turn ONNX file"
            )
        return cls(
            model_path=model_path,
            threads=int(_number("threads", parameters, environment, 1, 64)),
            max_audio_seconds=_number("max_audio_seconds", parameters, environment, 0.032, 3600),
        )


def _number(
    name: str, parameters: Mapping[str, str], environment: Mapping[str, str], low: float, high: float
) -> float:
    text = _expanded(name, parameters, environment)
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is not a number") from None
    if not low <= number <= high:
        raise SettingsError(f"{name}: {text} is not between {low:g} and {high:g}")
    return number


def _expanded(name: str, parameters: Mapping[str, str], environment: Mapping[str, str]) -> str:
    """The value of a parameter, `${NAME}` and `${NAME:-default}` replaced from the environment."""
    if name not in parameters:
        raise SettingsError(f"{name}: missing among the parameters of config.pbtxt")

    def value_of(match: re.Match[str]) -> str:
        variable, default = match.groups()
        value = environment.get(variable) or default
        if value is None:
            raise SettingsError(f"{name}: the environment variable {variable} is not set")
        return value

    return _VARIABLE.sub(value_of, parameters[name])
