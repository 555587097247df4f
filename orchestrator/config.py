"""Settings, and the only reader of the environment.

A process has `Settings` (environment `BEAUTYAI_…`, nested names joined by `__`, over one JSON file: `BEAUTYAI_CONFIG`,
or `config.json` in `BEAUTYAI_DATA_DIR`); a session has `SessionSettings`, whose defaults come from there and which a
client may change. Everything wrong is reported in one error.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    JsonConfigSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from orchestrator.access.oidc import OidcSettings
from orchestrator.errors import BadSetting
from orchestrator.languages import AUTO, LANGUAGES
from orchestrator.protocol import explain

SYSTEM_PROMPT = (
    "You are BeautyAI, a friendly voice assistant. Answer in one or two short spoken sentences, "
    "without lists, markup or emoji."
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class TurnTakingSettings(_Section):
    """When a person's turn starts and ends. Probabilities 0..1, times in ms of audio."""

    speech_threshold: float = Field(0.5, ge=0.05, le=0.95)
    silence_threshold: float = Field(0.35, ge=0.01, le=0.95)
    min_speech_ms: int = Field(128, ge=32, le=2000)
    interruptible: bool = True
    reply_speech_threshold: float = Field(0.6, ge=0.05, le=0.95)
    duck_ms: int = Field(64, ge=32, le=5000)
    barge_in_ms: int = Field(256, ge=32, le=5000)
    eager: bool = True
    pause_ms: int = Field(64, ge=32, le=5000)
    eager_silence_ms: int = Field(200, ge=64, le=5000)
    end_by: Literal["silence", "commit"] = "silence"
    end_silence_ms: int = Field(500, ge=100, le=5000)
    semantic_endpointing: bool = True
    finished_silence_ms: int = Field(400, ge=100, le=5000)
    unfinished_silence_ms: int = Field(1200, ge=100, le=10_000)
    question_threshold: float = Field(0.7, ge=0, le=1)
    end_of_turn_threshold: float = Field(0.97, ge=0, le=1)
    prefix_ms: int = Field(320, ge=0, le=2000)
    max_utterance_ms: int = Field(28_000, ge=1000, le=29_000)
    partial_interval_ms: int = Field(224, ge=96, le=10_000)

    @model_validator(mode="after")
    def _ordered(self) -> TurnTakingSettings:
        if self.silence_threshold > self.speech_threshold:
            raise ValueError("silence_threshold must not be above speech_threshold")
        return self


class GenerationSettings(_Section):
    """How the language model writes.

    Absent: `temperature`, `top_p`, `top_k` and `repetition_penalty` are as recommended for the loaded model
    (`recommended.py`), the others as the engine has them. `history_tokens`: of what was said before the turn, system
    prompt included; absent: all that fits into the context.
    """

    max_tokens: int = Field(160, ge=1, le=4096)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = Field(None, ge=0, le=1000)
    repetition_penalty: float | None = Field(None, gt=0, le=2)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    min_tokens: int | None = Field(None, ge=0, le=4096)
    seed: int | None = Field(None, ge=0, lt=2**63)
    enable_thinking: bool = False
    max_thinking_tokens: int = Field(1024, ge=1, le=32_768)
    history_tokens: int | None = Field(None, ge=64, le=131_072)


class SessionSettings(_Section):
    """What a client may set for its session."""

    language: str = AUTO
    voice: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    speed: float = Field(1.0, ge=0.5, le=2)
    system_prompt: str = Field(SYSTEM_PROMPT, max_length=16_000)
    generation: GenerationSettings = GenerationSettings()
    turn_taking: TurnTakingSettings = TurnTakingSettings()

    @field_validator("language")
    @classmethod
    def _known(cls, language: str) -> str:
        if language != AUTO and language not in LANGUAGES:
            raise ValueError(
                f"{language!r} is not a language Whisper knows; use `auto` or a code such as en, ar, de"
            )
        return language

    def merged(self, changes: dict[str, Any]) -> SessionSettings:
        """These settings with `changes` (nested) laid over; raises BadSetting naming everything wrong."""
        try:
            return SessionSettings.model_validate(_laid_over(self.model_dump(), changes))
        except ValidationError as error:
            raise BadSetting(explain(error)) from error


def _laid_over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(out.get(name), dict)
        out[name] = _laid_over(out[name], value) if nested else value
    return out


def _data_dir() -> Path:
    """Where what must outlive the process is kept: conversations, keys, the registry of models."""
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "beautyai"


def _cache_dir() -> Path:
    """Where the runtime keeps what it has fetched; `embedded/settings.py` has the same."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "beautyai"


def _listed(value: Any) -> Any:
    """`a.example, b.example` is a list in the environment."""
    return [each.strip() for each in value.split(",") if each.strip()] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class DataSettings(BaseSettings):
    """What a command needs that only looks after the kept files."""

    model_config = SettingsConfigDict(
        env_prefix="BEAUTYAI_", env_nested_delimiter="__", extra="ignore", frozen=True, env_ignore_empty=True
    )
    data_dir: Path = Field(default_factory=_data_dir)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, JsonConfigSettingsSource(cls, config_path())


def models_environment() -> dict[str, str]:
    """The variables that a model's configuration may name, as this process has them: they may not be the server's."""
    return {name: value for name, value in os.environ.items() if name.startswith("BEAUTYAI_")}


def config_path(data_dir: Path | None = None) -> Path:
    """The file of settings: what `BEAUTYAI_CONFIG` names, else `config.json` in the folder of what is kept."""
    if file := os.environ.get("BEAUTYAI_CONFIG"):
        return Path(file)
    kept = data_dir or Path(os.environ.get("BEAUTYAI_DATA_DIR") or _data_dir())
    return kept.expanduser() / "config.json"


class Settings(DataSettings):
    """What an operator sets for the process."""

    model_config = SettingsConfigDict(extra="forbid")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    triton_url: str = "127.0.0.1:8001"
    triton_admin_key: SecretStr | None = Field(None, min_length=16)
    tokenizer_dir: Path
    cache: Path = Field(default_factory=_cache_dir)
    require_keys: bool = False
    allowed_hosts: Names = ()
    allowed_origins: Names = ()
    oidc: OidcSettings | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    llm_context_tokens: int = Field(2048, ge=256, le=131_072)
    max_sessions: int = Field(64, ge=1, le=100_000)
    admission_wait_ms: int = Field(1000, ge=50, le=600_000)
    partials_at_once: int = Field(8, ge=1, le=1024)
    max_upload_seconds: int = Field(7200, ge=1, le=86_400)
    database_url: SecretStr | None = None
    retention_days: int = Field(0, ge=0, le=36_500)
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    session: SessionSettings = SessionSettings()

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", host):
                raise ValueError(
                    f"{host!r} is no name of a host; write it as voice.example.org, without a port"
                )
        return hosts

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not re.fullmatch(r"https?://[^/?#@\s*]+", origin):
                raise ValueError(f"{origin!r} is no origin; write it as https://app.example.org")
        return origins

    @model_validator(mode="after")
    def _both_tls_files(self) -> Settings:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        for file in (self.tls_certificate, self.tls_key):
            if file is not None and not file.is_file():
                raise ValueError(f"TLS: there is no file {file}")
        return self


class _FromFile(Settings):
    """Settings whose file is given as it would be read, instead of read."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def settings_of(content: dict[str, Any]) -> Settings:
    """What a process would have that starts in this environment with a file that says `content`.

    Raises: BadSetting with everything that is wrong, in one message.
    """
    try:
        return _FromFile(**content)
    except (ValidationError, TypeError) as error:
        told = explain(error) if isinstance(error, ValidationError) else str(error)
        raise BadSetting(told) from error


def from_environment() -> dict[str, Any]:
    """What the environment sets, nested as in the file; it is stronger than the file."""
    return dict(EnvSettingsSource(Settings)())


def load() -> Settings:
    """The process's settings; raises BadSetting with everything that is wrong, in one message."""
    return _loaded(Settings)


def load_data_dir() -> Path:
    """Where the kept files lie, whatever else is set; raises BadSetting."""
    return _loaded(DataSettings).data_dir


_Kind = TypeVar("_Kind", bound=DataSettings)


def _loaded(kind: type[_Kind]) -> _Kind:
    file = os.environ.get("BEAUTYAI_CONFIG")
    if file and not Path(file).is_file():
        raise BadSetting(f"BEAUTYAI_CONFIG: there is no file {file}")
    try:
        return kind()
    except ValidationError as error:
        raise BadSetting("settings (BEAUTYAI_… or the file): " + explain(error)) from error
    except ValueError as error:
        raise BadSetting(f"BEAUTYAI_CONFIG or a BEAUTYAI_… value is not valid JSON: {error}") from error
