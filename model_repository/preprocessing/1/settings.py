"""The model's parameters, validated once at load."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import ConfigurationError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


@dataclass(frozen=True)
class Settings:
    """Where the tokenizer is and how long a prompt may be."""

    tokenizer_dir: Path
    max_prompt_characters: int

    @classmethod
    def parse(cls, parameters: Mapping[str, str], environment: Mapping[str, str]) -> Settings:
        """Settings from `config.pbtxt`; `${NAME}` and `${NAME:-default}` stand for environment variables.

        Raises:
            ConfigurationError: a variable is not set, or a value cannot work.
        """
        values = {name: _expand(value, environment) for name, value in parameters.items()}
        folder = Path(values["tokenizer_dir"])
        if not (folder / "tokenizer.json").is_file():
            raise ConfigurationError(f"BEAUTYAI_TOKENIZER_DIR: there is no tokenizer.json in {folder}")
        limit = values["max_prompt_characters"]
        if not limit.isdigit() or int(limit) < 1:
            raise ConfigurationError(f"max_prompt_characters: '{limit}' is not a positive whole number")
        return cls(folder, int(limit))


def _expand(value: str, environment: Mapping[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        found = environment.get(name) or default
        if found is None:
            raise ConfigurationError(f"{name} is not set in the environment of the server")
        return found

    return _VARIABLE.sub(replace, value)
