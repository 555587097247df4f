from __future__ import annotations

from benchmarks.clips import Clip
from benchmarks.gpu.engine import Served
from benchmarks.gpu.machine import Gpu
from benchmarks.gpu.roofline import Roofline
from benchmarks.gpu.table import Figures, markdown
from benchmarks.gpu.tokens import TokenLoad, Written
from benchmarks.gpu.windows import WindowLoad
from benchmarks.sessions import Load, TurnResult
from benchmarks.usage import Usage
from client.ask import Answer

H100 = Gpu("NVIDIA H100 80GB HBM3", "590.44.01", 81_559, 23_000, "700.00", "1980")
SERVED = Served("2.68.0", {"enable_kv_cache_reuse": "true"}, {"quantization": "FP8"}, 15 * 10**9)


def turn(voice_to_voice_ms: float) -> TurnResult:
    legs = {"voice_to_voice_ms": voice_to_voice_ms}
    return TurnResult(Clip("a", bytes(32_000)), Answer("a", "en", "b", "completed", legs, b"", 22_050, None))


def figures(gpus: list[Gpu], roofline: Roofline) -> Figures:
    return Figures(
        gpus,
        SERVED,
        roofline,
        {"speech": "2 recordings"},
        tokens=[
            TokenLoad(1, 2.0, [Written(0.03, (0.006, 0.006, 0.006), 4)], []),
            TokenLoad(8, 1.0, [], ["slow"]),
        ],
        windows=[WindowLoad(4, 2.0, 40.0, [0.1] * 8, [])],
        padded=[WindowLoad(4, 4.0, 40.0, [0.2] * 8, [])],
        turns=[Load(1, [turn(600.0)], []), Load(2, [turn(700.0)], ["a: no answer"])],
    )


def rows(text: str) -> dict[str, list[str]]:
    """The first row of each name: generations come before turns."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line]
    return {name: rest for name, *rest in reversed(cells)}


def test_the_table_has_every_figure_by_load() -> None:
    measured = figures([H100], Roofline(0.0045, "15.07 GB / 3.35 TB/s"))
    measured.memory_mib = [30_000, 31_000]
    table = rows(markdown(measured))
    assert table["GPU"] == ["NVIDIA H100 80GB HBM3, 81559 MiB, 700.00 W, 1980 MHz"]
    assert table["driver"] == ["590.44.01"]
    assert table["engine"] == ["quantization FP8"]
    assert table["`tensorrt_llm`"] == ["enable_kv_cache_reuse true"]
    assert table["roofline"] == ["15.07 GB / 3.35 TB/s = 4.50 ms a token"]
    assert table["first token, ms"] == ["30.0 / 30.0", "-"]
    assert table["between tokens, ms"] == ["6.0 / 6.0", "-"]
    assert table["between tokens / roofline"] == ["1.33", "-"]
    assert table["tokens/s"] == ["2", "0"]
    assert table["generations (failed)"] == ["1 (0)", "0 (1)"]
    assert table["windows/s, as asked for"] == ["4.0"]
    assert table["windows/s, padded to 30 s"] == ["2.0"]
    assert table["voice to voice, ms"] == ["600 / 600", "700 / 700"]
    assert table["turns (failed)"] == ["1 (0)", "1 (1)"]
    assert table["GPU memory, MiB"] == ["30000", "31000"]


def test_without_a_gpu_the_table_says_so_and_has_no_ratio() -> None:
    table = rows(markdown(figures([], Roofline(None, "no GPU was found"))))
    assert table["GPU"] == table["roofline"] == ["no GPU was found"]
    assert table["between tokens / roofline"] == ["-", "-"]
    assert "GPU memory, MiB" not in table


def test_what_the_servers_processes_took_is_there_where_it_is_known() -> None:
    measured = figures([], Roofline(None, "no GPU was found"))
    measured.usage = [Usage(0.5, 2**30), Usage(1.0, 2**31)]
    table = rows(markdown(measured))
    assert table["CPU s per audio s"] == ["0.50", "1.00"]
    assert table["peak memory, MiB"] == ["1024", "2048"]


def test_every_line_of_a_table_has_as_many_cells_as_its_head() -> None:
    for part in markdown(figures([H100], Roofline(0.0045, "a | b"))).strip().split("\n\n"):
        assert len({line.count("|") for line in part.splitlines()}) == 1


def test_what_was_not_measured_is_not_there() -> None:
    text = markdown(Figures([], SERVED, Roofline(None, "no GPU was found"), {}))
    assert "sessions" not in text
    assert "generations at once" not in text
