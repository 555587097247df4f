"""The model's parameters, checked once at load. Knows nothing of voices or of Triton."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class SettingsError(ValueError):
    """A value in `config.pbtxt`, or in the environment variable that it names, cannot be used."""


@dataclass(frozen=True)
class Settings:
    """What `config.pbtxt` and the environment decide; each field is the parameter of that name."""

    engine: str
    voices_dir: Path
    threads: int
    edge_url: str
    default_voice: str
    max_text_chars: int
    chunk_ms: int
    local_workers: int
    network_workers: int
    max_pending: int

    @classmethod
    def read(cls, parameters: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
        """Parse `parameters`, where `${NAME}` and `${NAME:-default}` stand for variables of `environ`.

        Raises SettingsError, naming the parameter and what it may be.
        """
        values = {key: expand(key, value, environ) for key, value in parameters.items()}
        return cls(
            engine=_one_of("engine", values["engine"], ("piper", "edge")),
            voices_dir=Path(values["voices_dir"]),
            threads=_positive("threads", values["threads"]),
            edge_url=_websocket_url(values["edge_url"]),
            default_voice=values["default_voice"],
            max_text_chars=_positive("max_text_chars", values["max_text_chars"]),
            chunk_ms=_positive("chunk_ms", values["chunk_ms"]),
            local_workers=_positive("local_workers", values["local_workers"]),
            network_workers=_positive("network_workers", values["network_workers"]),
            max_pending=_positive("max_pending", values["max_pending"]),
        )


def expand(key: str, value: str, environ: Mapping[str, str]) -> str:
    """`value` with its variables replaced; an empty one counts as unset. Raises SettingsError."""

    def replacement(match: re.Match[str]) -> str:
        found = environ.get(match[1]) or match[2]
        if found is None:
            raise SettingsError(
                f"parameter {key} needs the environment variable {match[1]}, which is not set"
            )
        return found

    return _VARIABLE.sub(replacement, value)


def _positive(key: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise SettingsError(f"parameter {key} must be a whole number of at least 1, not {value!r}")
    return int(value)


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SettingsError(f"parameter {key} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _websocket_url(value: str) -> str:
    if value and not value.startswith(("ws://", "wss://")):
        raise SettingsError(f"parameter edge_url must begin with ws:// or wss://, not {value!r}")
    return value
