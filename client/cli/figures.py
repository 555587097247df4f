"""Figures of a load: percentiles, rates, and how they compare with one session alone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from client.cli.load import Load, Took

_LATENCIES = ("first_token_ms", "voice_to_voice_ms")


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed, between two of them by proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def figures(load: Load) -> dict[str, Any]:
    """What a load came to; what was not measured is absent."""
    content: dict[str, Any] = {
        "requests": len(load.took),
        "failed": len(load.errors),
        "concurrency": load.concurrency,
        "wall_s": round(load.wall_s, 2),
    }
    for name in (*_LATENCIES, "tokens_per_second"):
        if values := _values(load.took, name):
            content[name] = {
                "p50": round(percentile(values, 0.5), 1),
                "p95": round(percentile(values, 0.95), 1),
            }
    if tokens := sum(each.tokens for each in load.took):
        content["tokens_per_second_together"] = round(tokens / load.wall_s, 1)
    return content


def ratios(together: dict[str, Any], alone: dict[str, Any]) -> dict[str, float]:
    """Each p50 of the load, and its rate together, over the same figure of one session alone."""
    found: dict[str, float] = {}
    for name in (*_LATENCIES, "tokens_per_second"):
        if name in together and alone.get(name, {}).get("p50"):
            found[name] = round(together[name]["p50"] / alone[name]["p50"], 2)
    total = "tokens_per_second_together"
    if total in together and alone.get(total):
        found[total] = round(together[total] / alone[total], 2)
    return found


def _values(took: Sequence[Took], name: str) -> list[float]:
    return [value for each in took if (value := getattr(each, name)) is not None]
