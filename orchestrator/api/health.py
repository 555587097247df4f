"""Whether the process lives, whether its models answer, and what it measured; for probes and Prometheus."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from orchestrator.access.caller import requires
from orchestrator.metrics import Metrics
from orchestrator.readiness import Readiness


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """`models`: of each, whether it answered a small real inference lately, and what was wrong."""

    ready: bool
    models: dict[str, Any]


def health_router(readiness: Readiness, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["system"])

    @router.get("/health")
    async def health() -> Health:
        """The process lives."""
        return Health()

    @router.get("/ready", responses={503: {"model": Ready, "description": "A model does not answer"}})
    async def ready(response: Response) -> Ready:
        """Every model answered a small real inference lately."""
        response.status_code = 200 if readiness.ready else 503
        return Ready(ready=readiness.ready, models=readiness.snapshot())

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}},
        dependencies=[requires("metrics")],
    )
    async def expose_metrics() -> Response:
        """Everything measured, in Prometheus's text format."""
        content, content_type = metrics.render()
        return Response(content, media_type=content_type)

    return router
