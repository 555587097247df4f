"""The figures as Markdown for docs/log.md. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.gpu.engine import Served
from benchmarks.gpu.machine import Gpu
from benchmarks.gpu.roofline import Roofline
from benchmarks.gpu.tokens import TokenLoad
from benchmarks.gpu.windows import WindowLoad
from benchmarks.report import LEGS, percentiles
from benchmarks.sessions import Load
from benchmarks.usage import Usage


@dataclass
class Figures:
    """Everything that was measured; `windows` and `padded` in the product's window and in one of 30 s.

    `memory_mib`: of all GPUs together, after the turns of each number of sessions; empty without a GPU. `usage`: of the
    server's processes during them; empty where it is not known which they are.
    """

    gpus: Sequence[Gpu]
    served: Served
    roofline: Roofline
    setup: Mapping[str, str]
    tokens: list[TokenLoad] = field(default_factory=list)
    windows: list[WindowLoad] = field(default_factory=list)
    padded: list[WindowLoad] = field(default_factory=list)
    turns: list[Load] = field(default_factory=list)
    memory_mib: list[int] = field(default_factory=list)
    usage: list[Usage] = field(default_factory=list)


def markdown(figures: Figures) -> str:
    """The whole section."""
    parts = [
        _table(["", ""], _machine(figures)),
        _section("generations at once", [load.concurrency for load in figures.tokens], _tokens(figures)),
        _section(
            "Whisper requests at once", [load.concurrency for load in figures.windows], _windows(figures)
        ),
        _section("sessions", [load.sessions for load in figures.turns], _turns(figures)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(figures: Figures) -> list[list[str]]:
    served = figures.served
    return [
        ["GPU", _gpus(figures.gpus)],
        ["driver", ", ".join(sorted({gpu.driver for gpu in figures.gpus})) or "none"],
        ["Triton", served.triton],
        ["engine", _pairs(served.build) or "its folder is not on this machine, or is no TensorRT-LLM engine"],
        ["`tensorrt_llm`", _pairs(served.parameters) or "no parameters"],
        *[[name, value] for name, value in figures.setup.items()],
        ["roofline", _roofline(figures.roofline)],
    ]


def _gpus(gpus: Sequence[Gpu]) -> str:
    described = [
        f"{gpu.name}, {gpu.memory_mib} MiB, {gpu.power_limit} W, {gpu.max_clock} MHz" for gpu in gpus
    ]
    return "; ".join(described) or "no GPU was found"


def _roofline(roofline: Roofline) -> str:
    if roofline.seconds_per_token is None:
        return roofline.basis
    return f"{roofline.basis} = {1000 * roofline.seconds_per_token:.2f} ms a token"


def _tokens(figures: Figures) -> list[list[str]]:
    least, loads = figures.roofline.seconds_per_token, figures.tokens
    gaps = [[gap for one in load.written for gap in one.gap_seconds] for load in loads]
    ratios = [f"{np.median(each) / least:.2f}" if least and each else "-" for each in gaps]
    return [
        ["first token, ms", *(_ms([one.first_seconds for one in load.written]) for load in loads)],
        ["between tokens, ms", *map(_ms, gaps)],
        ["between tokens / roofline", *ratios],
        ["tokens/s", *(f"{load.tokens_per_second:.0f}" for load in loads)],
        ["generations (failed)", *(_counted(len(load.written), len(load.failures)) for load in loads)],
    ]


def _windows(figures: Figures) -> list[list[str]]:
    rows = []
    for name, loads in (("as asked for", figures.windows), ("padded to 30 s", figures.padded)):
        rows += [
            [f"windows/s, {name}", *(f"{load.windows_per_second:.1f}" for load in loads)],
            [f"latency, ms, {name}", *(_ms(load.latencies_seconds) for load in loads)],
            [f"speech s per s, {name}", *(f"{load.realtime_factor:.0f}" for load in loads)],
            [
                f"transcripts (failed), {name}",
                *(_counted(len(load.latencies_seconds), len(load.failures)) for load in loads),
            ],
        ]
    return rows


def _turns(figures: Figures) -> list[list[str]]:
    loads = figures.turns
    rows = [
        [
            f"{name}, ms",
            *(
                percentiles([t.answer.legs[leg] for t in load.turns if leg in t.answer.legs])
                for load in loads
            ),
        ]
        for leg, name in LEGS.items()
    ]
    rows.append(["turns (failed)", *(_counted(len(load.turns), len(load.failures)) for load in loads)])
    return rows + _costs(figures)


def _costs(figures: Figures) -> list[list[str]]:
    rows = [["GPU memory, MiB", *map(str, figures.memory_mib)]] if figures.memory_mib else []
    if figures.usage:
        pairs = list(zip(figures.usage, figures.turns, strict=True))
        cpu = [
            usage.cpu_seconds / load.audio_seconds if load.audio_seconds else None for usage, load in pairs
        ]
        rows.append(["CPU s per audio s", *("-" if each is None else f"{each:.2f}" for each in cpu)])
        rows.append(["peak memory, MiB", *(f"{usage.peak_bytes / 2**20:.0f}" for usage, _ in pairs)])
    return rows


def _section(name: str, levels: Sequence[int], rows: Sequence[Sequence[str]]) -> str:
    return _table([name, *map(str, levels)], rows) if levels else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _ms(seconds: Sequence[float]) -> str:
    """`p50 / p95` in ms, or a dash where nothing was measured."""
    if not seconds:
        return "-"
    p50, p95 = 1000 * np.percentile(seconds, [50, 95])
    return f"{p50:.1f} / {p95:.1f}"


def _counted(done: int, failed: int) -> str:
    return f"{done} ({failed})"


def _pairs(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(values.items()))
