"""The settings of the embedded runtime. The only module here that reads the environment for them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import SettingsError

REPOSITORY_ROOT = Path(__file__).resolve().parent.parent
WHISPER_MODELS = {"base": ("packages", "hub"), "tiny.en": ("packages", "hub"), "large-v3-turbo": ("hub",)}
LANGUAGE_MODELS = {"smollm2-135m": ("packages", "hub"), "qwen3-0.6b": ("hub",)}
PACKAGED_VOICE = "en_US-joe-medium"
VOICE_NAME = re.compile(r"[a-z]{2,3}_[A-Z]{2}-[A-Za-z0-9_]+-(x_low|low|medium|high)")
ADMIN_KEY = re.compile(r"[A-Za-z0-9_-]{16,}")
PORT_NAMES = ("PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")


@dataclass(frozen=True)
class Settings:
    """Validated settings; `from_environment` is the way to make them."""

    cache_dir: Path
    model_repository: Path
    weights: str
    whisper: str
    llm: str
    voices: tuple[str, ...]
    host: str
    port: int
    grpc_port: int
    metrics_port: int
    admin_key: str | None = None
    scheme: str = "http"

    @property
    def triton_url(self) -> str:
        """`host:port` of Triton's gRPC, as tritonclient takes it."""
        return f"127.0.0.1:{self.grpc_port}"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Raises: SettingsError that lists every wrong setting at once."""
        problems: list[str] = []
        weights = _choice(environ, "BEAUTYAI_WEIGHTS", "packages", ("packages", "hub"), problems)
        whisper = _choice(environ, "BEAUTYAI_WHISPER", "base", tuple(WHISPER_MODELS), problems)
        llm = _choice(environ, "BEAUTYAI_LLM", "smollm2-135m", tuple(LANGUAGE_MODELS), problems)
        voices = _voices(environ, problems)
        _require_source(weights, whisper, llm, voices, problems)
        ports = _ports(environ, problems)
        repository = Path(environ.get("BEAUTYAI_MODEL_REPOSITORY") or REPOSITORY_ROOT / "model_repository")
        if not repository.is_dir():
            problems.append(f"BEAUTYAI_MODEL_REPOSITORY={repository} is not a folder")
        admin_key = environ.get("BEAUTYAI_TRITON_ADMIN_KEY") or None
        if admin_key and not ADMIN_KEY.fullmatch(admin_key):
            problems.append(
                "BEAUTYAI_TRITON_ADMIN_KEY must be 16 or more of A-Z a-z 0-9 _ - (openssl rand -hex 32)"
            )
        if problems:
            raise SettingsError("\n".join(["these settings cannot be used:", *("  " + p for p in problems)]))
        host = environ.get("BEAUTYAI_HOST") or "127.0.0.1"
        cache_dir, repository = _cache_dir(environ), repository.resolve()
        port, grpc_port, metrics_port = ports
        return cls(
            cache_dir,
            repository,
            weights,
            whisper,
            llm,
            voices,
            host,
            port,
            grpc_port,
            metrics_port,
            admin_key,
            "https" if environ.get("BEAUTYAI_TLS_CERTIFICATE") else "http",
        )


def _cache_dir(environ: Mapping[str, str]) -> Path:
    if chosen := environ.get("BEAUTYAI_CACHE"):
        return Path(chosen).expanduser().resolve()
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().resolve() / "beautyai"


def _choice(
    environ: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...], problems: list[str]
) -> str:
    value = environ.get(name) or default
    if value not in allowed:
        problems.append(f"{name}={value!r} must be one of {', '.join(allowed)}")
    return value


def _ports(environ: Mapping[str, str], problems: list[str]) -> list[int]:
    """As `PORT_NAMES`. The metrics follow the gRPC port, so that two servers need only two other numbers."""
    port = _port(environ, "PORT", 8000, problems)
    grpc_port = _port(environ, "TRITON_GRPC_PORT", 8001, problems)
    ports = [port, grpc_port, _port(environ, "TRITON_METRICS_PORT", min(grpc_port + 1, 65535), problems)]
    if len(set(ports)) < len(ports):
        problems.append(f"{', '.join(PORT_NAMES)} must differ, they are {ports}")
    return ports


def _port(environ: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = environ.get(name) or str(default)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    problems.append(f"{name}={text!r} must be a port number, 1 to 65535")
    return default


def _voices(environ: Mapping[str, str], problems: list[str]) -> tuple[str, ...]:
    text = environ.get("BEAUTYAI_VOICES") or PACKAGED_VOICE
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if not VOICE_NAME.fullmatch(name):
            problems.append(
                f"BEAUTYAI_VOICES: {name!r} is not a Piper voice name such as ar_JO-kareem-medium"
            )
    if not names:
        problems.append(f"BEAUTYAI_VOICES={text!r} names no voice")
    return names


def _require_source(
    weights: str, whisper: str, llm: str, voices: tuple[str, ...], problems: list[str]
) -> None:
    if weights != "packages":
        return
    only_on_hub = [
        *(f"BEAUTYAI_WHISPER={name}" for name in [whisper] if WHISPER_MODELS.get(name) == ("hub",)),
        *(f"BEAUTYAI_LLM={name}" for name in [llm] if LANGUAGE_MODELS.get(name) == ("hub",)),
        *(f"BEAUTYAI_VOICES={name}" for name in voices if name != PACKAGED_VOICE),
    ]
    problems.extend(
        f"{each} comes from the Hugging Face Hub only: set BEAUTYAI_WEIGHTS=hub" for each in only_on_hub
    )
