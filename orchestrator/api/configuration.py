"""The settings of the process: shown, checked, changed, and brought back from a backup."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.access.caller import requires
from orchestrator.api.problems import described
from orchestrator.configuration import Configuration, Proposal, shown


class SettingsChange(BaseModel):
    """Settings by name, nested as in the file; what is left out stays, null is the default again."""

    model_config = ConfigDict(extra="forbid")
    settings: dict[str, Any]


class SettingsAnswer(BaseModel):
    """What a process has that starts now; secrets are masked.

    restart_required: settings that this process has otherwise until it is started again.
    overridden_by_environment: settings that the environment sets; what the file says of them has no effect.
    """

    settings: dict[str, Any]
    restart_required: list[str]
    overridden_by_environment: list[str]
    file: str


class SettingsBackup(BaseModel):
    """The file as it was until `at`."""

    name: str
    at: datetime


class SettingsBackups(BaseModel):
    backups: list[SettingsBackup]


class RestoreSettings(BaseModel):
    """Which backup is to be the file again."""

    model_config = ConfigDict(extra="forbid")
    backup: str = Field(max_length=128)


def configuration_router(configuration: Configuration) -> APIRouter:
    router = APIRouter(
        prefix="/config",
        tags=["system"],
        dependencies=[requires("admin")],
        responses=described(400, 401, 403, 413, 429),
    )

    def answer(proposal: Proposal) -> SettingsAnswer:
        return SettingsAnswer(
            settings=shown(proposal.settings),
            restart_required=list(proposal.restart_required),
            overridden_by_environment=list(proposal.overridden),
            file=configuration.path,
        )

    @router.get("", responses=described(500))
    async def show_settings() -> SettingsAnswer:
        """Every setting, and which of them wait for a restart."""
        return answer(configuration.current())

    @router.put("", responses=described(500))
    async def change_settings(change: SettingsChange) -> SettingsAnswer:
        """Change settings: at once where they can, else at the next start. The file before is kept as a backup."""
        return answer(configuration.change(change.settings))

    @router.post("/validate", responses=described(500))
    async def validate_settings(change: SettingsChange) -> SettingsAnswer:
        """What a change would come to, without making it."""
        return answer(configuration.proposed(change.settings))

    @router.get("/backups")
    async def list_settings_backups() -> SettingsBackups:
        """What the file was before each of its last changes, the newest first."""
        return SettingsBackups(backups=[SettingsBackup(**vars(each)) for each in configuration.backups()])

    @router.post("/restore", responses=described(404, 500))
    async def restore_settings(restore: RestoreSettings) -> SettingsAnswer:
        """Make the file what it was then."""
        return answer(configuration.restore(restore.backup))

    return router
