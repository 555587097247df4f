"""The parameters of `config.pbtxt` as one validated object, so that a bad value fails when the model loads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_REQUIRED_FILES = ("model.bin", "config.json", "tokenizer.json")


class SettingsError(ValueError):
    """A parameter of `config.pbtxt`, or the environment variable it names, has to be corrected."""


@dataclass(frozen=True)
class Settings:
    """What `config.pbtxt` and the environment decide; each field is the parameter of that name."""

    model_dir: Path
    device: str
    compute_type: str
    threads: int
    window_seconds: float
    partial_window_seconds: float
    beam_size: int
    best_of: int
    temperatures: tuple[float, ...]
    compression_ratio_threshold: float
    avg_logprob_threshold: float
    no_speech_threshold: float
    max_audio_seconds: float

    @classmethod
    def parse(cls, parameters: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
        """Raises `SettingsError` for a missing file, an unset variable or a value out of range."""
        values = _Values(parameters, environment)
        return cls(
            model_dir=_model_dir(values.text("model_dir")),
            device=values.one_of("device", ("cpu", "cuda", "auto")),
            compute_type=values.text("compute_type"),
            threads=int(values.number("threads", 1, 256)),
            window_seconds=values.number("window_seconds", 1, 30),
            partial_window_seconds=values.number("partial_window_seconds", 1, 30),
            beam_size=int(values.number("beam_size", 1, 10)),
            best_of=int(values.number("best_of", 1, 10)),
            temperatures=values.temperatures("temperatures"),
            compression_ratio_threshold=values.number("compression_ratio_threshold", 1, 100),
            avg_logprob_threshold=values.number("avg_logprob_threshold", -100, 0),
            no_speech_threshold=values.number("no_speech_threshold", 0, 1),
            max_audio_seconds=values.number("max_audio_seconds", 1, 3600),
        )


@dataclass(frozen=True)
class _Values:
    """The parameters, `${NAME}` and `${NAME:-default}` in them replaced from the environment."""

    parameters: Mapping[str, str]
    environment: Mapping[str, str]

    def text(self, name: str) -> str:
        if name not in self.parameters:
            raise SettingsError(f"{name}: missing among the parameters of config.pbtxt")

        def value_of(match: re.Match[str]) -> str:
            variable, default = match.groups()
            value = self.environment.get(variable) or default
            if value is None:
                raise SettingsError(f"{name}: the environment variable {variable} is not set")
            return value

        return _VARIABLE.sub(value_of, self.parameters[name])

    def number(self, name: str, low: float, high: float) -> float:
        return _number(name, self.text(name), low, high)

    def temperatures(self, name: str) -> tuple[float, ...]:
        temperatures = tuple(_number(name, part, 0, 1) for part in self.text(name).split(","))
        if temperatures[0] != 0:
            raise SettingsError(f"{name}: begins with {temperatures[0]:g}; the first attempt is made at 0")
        return temperatures

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        text = self.text(name)
        if text not in choices:
            raise SettingsError(f"{name}: {text!r} is none of {', '.join(choices)}")
        return text


def _number(name: str, text: str, low: float, high: float) -> float:
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{name}: {text!r} is not a number") from None
    if not low <= number <= high:
        raise SettingsError(f"{name}: {text} is not between {low:g} and {high:g}")
    return number


def _model_dir(text: str) -> Path:
    folder = Path(text)
    missing = [name for name in _REQUIRED_FILES if not (folder / name).is_file()]
    if missing:
        raise SettingsError(
            f"model_dir: {folder} lacks {', '.join(missing)}; BEAUTYAI_WHISPER_DIR names a CTranslate2 Whisper folder"
        )
    return folder
