"""How the machine and its models are doing, and what is cached on its disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query
from pydantic import BaseModel

from orchestrator.access.caller import requires
from orchestrator.api.problems import described
from orchestrator.cache_folder import CHEAP, PARTS, Item, Part, clear, items
from orchestrator.registry.registry import Registry
from orchestrator.system_status import Status, SystemStatus


class CachedItem(BaseModel):
    """`in_use`: why it cannot be cleared; null where it can."""

    name: str
    size_bytes: int
    in_use: str | None


class CachedPart(BaseModel):
    size_bytes: int
    items: list[CachedItem]


class CacheSizes(BaseModel):
    """By part; the models' server itself is not among them."""

    folder: str
    size_bytes: int
    parts: dict[Part, CachedPart]


class CacheCleared(BaseModel):
    """`kept`: what is in use, and why."""

    freed_bytes: int
    removed: list[str]
    kept: dict[str, str]


def system_router(
    status: SystemStatus, registry: Registry, cache: Path, always: frozenset[Path]
) -> APIRouter:
    """`always`: files and folders of the cache that are needed whatever the registry says."""
    router = APIRouter(
        prefix="/system",
        tags=["system"],
        dependencies=[requires("admin")],
        responses=described(400, 401, 403, 413, 429),
    )

    @router.get("/status")
    async def system_status() -> Status:
        """CPU, memory, GPU, disk, Triton's models and their queues, sessions, versions."""
        return await status.now()

    @router.get("/cache", responses=described(503))
    async def cache_sizes() -> CacheSizes:
        """What is cached, how large it is, and what of it is in use."""
        found = await to_thread.run_sync(items, cache, _needed(registry, always))
        parts = {part: _part(part, found) for part in PARTS}
        return CacheSizes(
            folder=str(cache), size_bytes=sum(part.size_bytes for part in parts.values()), parts=parts
        )

    @router.delete("/cache", responses=described(503))
    async def clear_cache(
        what: Annotated[
            list[Part] | None, Query(description="Parts to clear; logs and partial where none is named")
        ] = None,
    ) -> CacheCleared:
        """Remove what is not in use. Weights that are removed are fetched anew when they are asked for."""
        needed = _needed(registry, always)
        removed, kept = await to_thread.run_sync(clear, cache, what or CHEAP, needed)
        return CacheCleared(
            freed_bytes=sum(item.size_bytes for item in removed),
            removed=[_name(item) for item in removed],
            kept={_name(item): item.in_use or "" for item in kept},
        )

    return router


def _needed(registry: Registry, always: frozenset[Path]) -> frozenset[Path]:
    named = (path for entry in registry.document.models.values() for path in (entry.weights, entry.tokenizer))
    return always | {Path(path) for path in named if path}


def _part(part: Part, found: list[Item]) -> CachedPart:
    own = [item for item in found if item.part == part]
    shown = [CachedItem(name=each.name, size_bytes=each.size_bytes, in_use=each.in_use) for each in own]
    return CachedPart(size_bytes=sum(item.size_bytes for item in own), items=shown)


def _name(item: Item) -> str:
    return f"{item.part}/{item.name}"
