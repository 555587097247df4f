"""The benchmark's figures as text: percentiles of every leg by number of sessions, the floor, and the ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from benchmarks.floor import Floor
from benchmarks.sessions import Load, TurnResult
from benchmarks.usage import Usage

LEGS = {
    "first_partial_ms": "first partial",
    "final_transcript_ms": "final transcript",
    "first_token_ms": "first token",
    "first_audio_ms": "first audio",
    "voice_to_voice_ms": "voice to voice",
}


def percentiles(values: Sequence[float]) -> str:
    """`p50 / p95`, or a dash where nothing was measured."""
    if not values:
        return "-"
    p50, p95 = np.percentile(values, [50, 95])
    return f"{p50:.0f} / {p95:.0f}"


def load_table(loads: Sequence[tuple[Load, Usage]]) -> str:
    """A column for each number of sessions; legs in ms as p50 / p95."""
    rows = [["sessions", *(load.name for load, _ in loads)]]
    for leg, name in LEGS.items():
        legs = [
            [turn.answer.legs[leg] for turn in load.turns if leg in turn.answer.legs] for load, _ in loads
        ]
        rows.append([name, *map(percentiles, legs)])
    rows.append(["  seen by the client", *(percentiles(_seen(load)) for load, _ in loads)])
    late = [[turn.answer.late_ms for turn in load.turns] for load, _ in loads]
    rows.append(["reply stood still", *map(percentiles, late)])
    rows.append(["turns (failed)", *(f"{len(load.turns)} ({len(load.failures)})" for load, _ in loads)])
    rows.append(["CPU s per audio s", *(_cpu_per_audio_second(usage, loads) for _, usage in loads)])
    rows.append(["peak memory, MiB", *(f"{usage.peak_bytes / 2**20:.0f}" for _, usage in loads)])
    return _aligned(rows)


def floor_table(floors: Sequence[Floor]) -> str:
    """The stages of the floor, in ms as p50 / p95 over the clips."""
    return _aligned(
        [
            ["transcript", percentiles([floor.transcribe_ms for floor in floors])],
            ["first piece of text", percentiles([floor.first_piece_ms for floor in floors])],
            ["first audio", percentiles([floor.first_audio_ms for floor in floors])],
            ["all", percentiles([floor.total_ms for floor in floors])],
        ]
    )


def ratio(turns: Sequence[TurnResult], floors: Mapping[str, Floor]) -> float | None:
    """Median over the turns of (voice to voice - silence) / floor of the same clip; None without a turn."""
    ratios = [
        turn.after_silence_ms / floors[turn.clip.name].total_ms
        for turn in turns
        if turn.after_silence_ms is not None and turn.clip.name in floors
    ]
    return median(ratios) if ratios else None


def _seen(load: Load) -> list[float]:
    seen = [turn.answer.voice_to_voice_ms for turn in load.turns]
    return [milliseconds for milliseconds in seen if milliseconds is not None]


def _cpu_per_audio_second(usage: Usage, loads: Sequence[tuple[Load, Usage]]) -> str:
    """Of all loads that were measured together."""
    audio_seconds = sum(load.audio_seconds for load, measured in loads if measured is usage)
    return f"{usage.cpu_seconds / audio_seconds:.2f}" if audio_seconds else "-"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("   ".join(["  " + name.ljust(widths[0]), *aligned]))
    return "\n".join(lines)
