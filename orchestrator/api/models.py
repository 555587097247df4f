"""The models: which there are, what each can do, and the administration of what Triton serves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from orchestrator.access.caller import requires
from orchestrator.api.problems import described
from orchestrator.registry.entry import ModelEntry, NamedEntry
from orchestrator.registry.loading import Loading
from orchestrator.registry.registry import Registry
from orchestrator.registry.views import ModelDetails, ModelView, Views

Name = Annotated[str, Path(max_length=64, description="The model's id in the registry")]


class Models(BaseModel):
    """`default`: the language model of a request that names none."""

    models: list[ModelView]
    default: str | None


class RegistryBackup(BaseModel):
    """The registry as it was until `at`."""

    name: str
    at: datetime


class RegistryBackups(BaseModel):
    backups: list[RegistryBackup]


class Restore(BaseModel):
    """Which backup is to be the registry again."""

    model_config = ConfigDict(extra="forbid")
    backup: str = Field(max_length=128)


def models_router(registry: Registry, loading: Loading, views: Views) -> APIRouter:
    router = APIRouter(prefix="/models", tags=["models"], responses=described(400, 401, 403, 413, 429))
    _reading(router, registry, views)
    _registering(router, registry, views)
    _serving(router, registry, loading, views)
    return router


def _reading(router: APIRouter, registry: Registry, views: Views) -> None:
    read, admin = [requires("chat")], [requires("admin")]

    @router.get("", dependencies=read, responses=described(503))
    async def list_models() -> Models:
        """Every model of the registry, and whether it answers now."""
        return Models(models=await views.all(), default=registry.document.default)

    @router.get("/backups", dependencies=admin, responses=described(503))
    async def list_backups() -> RegistryBackups:
        """What the registry was before each of its last changes, the newest first."""
        return RegistryBackups(backups=[RegistryBackup(**vars(backup)) for backup in registry.backups()])

    @router.get("/{name}", dependencies=read, responses=described(404, 503))
    async def show_model(name: Name) -> ModelDetails:
        """One model, what it can do, and whether it could be loaded here."""
        return await views.one(name)


def _registering(router: APIRouter, registry: Registry, views: Views) -> None:
    admin = [requires("admin")]

    @router.post("", dependencies=admin, status_code=201, responses=described(409, 503))
    async def add_model(model: NamedEntry) -> ModelDetails:
        """Make a model known. It is loaded by `POST /models/{name}/load`."""
        registry.add(model.id, model.entry())
        return await views.one(model.id)

    @router.post("/restore", dependencies=admin, responses=described(404, 503))
    async def restore_registry(restore: Restore) -> Models:
        """Know again what the registry knew then; what is served stays what is served."""
        registry.restore(restore.backup)
        return Models(models=await views.all(), default=registry.document.default)

    @router.put("/{name}", dependencies=admin, responses=described(404, 409, 503))
    async def update_model(name: Name, model: ModelEntry) -> ModelDetails:
        """Replace what is known of a model. What is loaded changes when it is loaded the next time."""
        registry.update(name, model)
        return await views.one(name)

    @router.delete("/{name}", dependencies=admin, status_code=204, responses=described(404, 409, 503))
    async def remove_model(name: Name) -> None:
        """Forget a model; its weights stay where they are."""
        registry.remove(name)


def _serving(router: APIRouter, registry: Registry, loading: Loading, views: Views) -> None:
    admin = [requires("admin")]

    @router.post("/{name}/load", dependencies=admin, responses=described(404, 409, 422, 502, 503, 504))
    async def load_model(name: Name) -> ModelDetails:
        """Load a model in the place of what its engine serves; answers when it is ready.

        What streams there finishes first. Whatever cannot work is found before: 422 lists the reasons.
        """
        await loading.load(name)
        return await views.one(name)

    @router.delete("/{name}/unload", dependencies=admin, responses=described(404, 409, 502, 503, 504))
    async def unload_model(name: Name) -> ModelDetails:
        """Take a model out of service: what streams finishes, newcomers are refused with `model_unloaded`."""
        await loading.unload(name)
        return await views.one(name)

    @router.post("/{name}/set-default", dependencies=admin, responses=described(404, 409, 503))
    async def set_default_model(name: Name) -> ModelDetails:
        """Let this language model answer requests that name none."""
        registry.set_default(name)
        return await views.one(name)
