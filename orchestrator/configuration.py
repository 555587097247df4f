"""The file of settings, changed while the process runs: what can act at once does, the rest waits for a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.config import Settings, config_path, from_environment, settings_of
from orchestrator.errors import BadSetting, BrokenFile
from orchestrator.kept_file import Backup, KeptFile, parsed

log = logging.getLogger(__name__)

LIVE = ("session", "max_sessions", "admission_wait_ms", "log_level")
"""Settings that act at once, for everybody who comes from then on."""
MASK = "**********"

Content = dict[str, Any]


@dataclass(frozen=True)
class Proposal:
    """A content of the file, and what it would mean."""

    content: Content
    settings: Settings
    restart_required: tuple[str, ...]
    overridden: tuple[str, ...]


class Configuration:
    """`running` is what the process has; those in `applied` are told when it changes."""

    def __init__(self, settings: Settings) -> None:
        self.running = settings
        self.applied: list[Callable[[Settings], None]] = [_apply_log_level]
        self._file = KeptFile(config_path(settings.data_dir))
        # What the process was given in other ways than by environment and file is no part of either.
        self._given = {name: getattr(settings, name) for name in ("tokenizer_dir", "data_dir")}
        self._started = self._settings(self._content())

    @property
    def path(self) -> str:
        return str(self._file.path)

    def current(self) -> Proposal:
        """The file as it is. Raises: BrokenFile."""
        try:
            return self._proposal(self._content())
        except BadSetting as error:
            raise BrokenFile(f"{self.path}: {error}; correct it, or restore a backup") from error

    def proposed(self, changes: Mapping[str, Any]) -> Proposal:
        """The file with `changes` laid over it (null: the default again). Raises: BadSetting, BrokenFile."""
        wanted = dict(changes)
        place = str(self.running.data_dir)
        if wanted.pop("data_dir", place) != place:
            raise BadSetting("data_dir: the file itself lies there; set BEAUTYAI_DATA_DIR", field="data_dir")
        return self._proposal(_changed(self._content(), wanted))

    def change(self, changes: Mapping[str, Any]) -> Proposal:
        """Write it, and let act what can. Raises: BadSetting, BrokenFile; nothing is changed then."""
        with self._file.locked():
            proposal = self.proposed(changes)
            self._file.write(proposal.content)
        self._apply(proposal.settings)
        return proposal

    def backups(self) -> list[Backup]:
        return self._file.backups()

    def restore(self, name: str) -> Proposal:
        """Make the file what it was then. Raises: UnknownBackup, BrokenFile, BadSetting."""
        with self._file.locked():
            proposal = self._proposal(_object(self._file.backup_text(name), f"the backup {name}"))
            self._file.write(proposal.content)
        self._apply(proposal.settings)
        return proposal

    def _content(self) -> Content:
        text = self._file.read()
        return {} if text is None else _object(text, self.path)

    def _settings(self, content: Content) -> Settings:
        return settings_of({**self._given, **content})

    def _proposal(self, content: Content) -> Proposal:
        settings = self._settings(content)
        waits = [
            name
            for name in Settings.model_fields
            if name not in LIVE and getattr(settings, name) != getattr(self._started, name)
        ]
        return Proposal(content, settings, tuple(waits), tuple(sorted(_names(from_environment()))))

    def _apply(self, settings: Settings) -> None:
        changes = {name: getattr(settings, name) for name in LIVE}
        self.running = self.running.model_copy(update=changes)
        for apply in self.applied:
            apply(self.running)
        log.warning("the settings were changed: %s", self.path)


def shown(settings: Settings) -> Content:
    """For people: secrets are masked."""
    content: Content = settings.model_dump(mode="json")
    return content


def _object(text: str, where: str) -> Content:
    content = parsed(text, where)
    if not isinstance(content, dict):
        raise BrokenFile(f"{where}, line 1: settings are a JSON object; correct it, or restore a backup")
    return content


def _changed(content: Mapping[str, Any], changes: Mapping[str, Any]) -> Content:
    """`changes` laid over `content`; null removes, and a masked secret is the one that is there."""
    result = dict(content)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            inner = _changed(before if isinstance(before, dict) else {}, value)
            result[name] = inner
        elif value != MASK:
            result[name] = value
    return result


def _names(content: Mapping[str, Any], prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, value in content.items():
        nested = isinstance(value, Mapping)
        names += _names(value, f"{prefix}{name}.") if nested else [f"{prefix}{name}"]
    return names


def _apply_log_level(settings: Settings) -> None:
    logging.getLogger().setLevel(settings.log_level)
