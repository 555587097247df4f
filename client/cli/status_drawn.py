"""The server's status as a person reads it: the machine in a few lines, Triton's models in a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group

from client.cli.output import size, table


def status_drawn(status: Mapping[str, Any]) -> Group:
    """All of `GET /system/status`."""
    return Group("\n".join(_lines(status)), _models(status["triton"]))


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    cpu, memory, sessions = status["cpu"], status["memory"], status["sessions"]
    versions = ", ".join(f"{name} {version or 'unknown'}" for name, version in status["versions"].items())
    load = " ".join(f"{each:.1f}" for each in cpu["load"])
    yield f"up        {_duration(status['uptime_seconds'])}; {versions}"
    yield f"sessions  {sessions['open']} of {sessions['max']}"
    yield f"cpu       {cpu['utilization_percent']:.0f}% of {cpu['cores']} cores, load {load}"
    used = _used(memory["total_bytes"], memory["available_bytes"])
    yield f"memory    {used}; the server {size(memory['process_bytes'])}"
    for gpu in status["gpus"]:
        yield f"gpu {gpu['index']:<4}  {_gpu(gpu)}"
    for disk in status["disks"]:
        yield f"disk      {_used(disk['total_bytes'], disk['free_bytes'])}; {disk['path']}"
    if not status["gpus"]:
        yield "gpu       none"
    if status["triton"]["error"]:
        yield f"triton    {status['triton']['error']}"


def _models(triton: Mapping[str, Any]) -> Any:
    numbers = ("requests", "failed", "queue ms", "compute ms", "in flight")
    rows = (
        (
            name,
            model["state"].lower(),
            model["requests"],
            model["failed"],
            f"{model['queue_ms']:.1f}",
            f"{model['compute_ms']:.1f}",
            model["in_flight"],
        )
        for name, model in triton["models"].items()
    )
    return table(("model", "state", *numbers), rows, numbers=numbers)


def _used(total_bytes: float, free_bytes: float) -> str:
    return f"{size(total_bytes - free_bytes)} of {size(total_bytes)} used"


def _gpu(gpu: Mapping[str, Any]) -> str:
    """What its driver does not tell is left out."""
    free_bytes = gpu["memory_bytes"] - gpu["memory_used_bytes"]
    figures = {"utilization_percent": "% busy", "temperature_celsius": " °C", "power_watts": " W"}
    told = [f"{gpu[name]:.0f}{unit}" for name, unit in figures.items() if gpu.get(name) is not None]
    return ", ".join([gpu["name"], _used(gpu["memory_bytes"], free_bytes), *told])


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (
        f"{days} d {hours:02}:{minutes:02}:{seconds:02}" if days else f"{hours:02}:{minutes:02}:{seconds:02}"
    )
