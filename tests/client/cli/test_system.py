"""`beautyai system` against the whole stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from client.cli import output
from client.cli.status_drawn import status_drawn
from tests.client.cli.commands import Ran

Run = Callable[..., Ran]


@pytest.mark.triton
def test_the_status_has_the_machine_and_every_model(on_server: Run) -> None:
    content = on_server("system", "status", "--json").json
    out = on_server("system", "status").out
    assert f"of {content['cpu']['cores']} cores" in out
    assert all(name in out for name in content["triton"]["models"])


@pytest.mark.triton
def test_a_watched_status_is_a_line_a_look(on_server: Run) -> None:
    looks = ("--watch", "--interval", "0.2", "--times", "2")
    first, second = on_server("system", "status", *looks, "--json").json_lines
    assert second["uptime_seconds"] > first["uptime_seconds"]
    assert on_server("system", "status", *looks).out.count("sessions") >= 1


@pytest.mark.triton
def test_the_cache_is_shown_and_what_is_not_in_use_is_cleared(on_server: Run) -> None:
    assert "a model or a process uses it" in on_server("system", "cache").out
    assert on_server("system", "clear-cache", "partial").out.startswith("removed ")
    ran = on_server("system", "clear-cache", "everything")
    assert ran.code == 6
    assert "'weights', 'tokenizers'" in ran.err


def test_a_gpu_and_a_triton_that_is_away_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    memory = {"memory_bytes": 150_000_000_000, "memory_used_bytes": 30_000_000_000}
    gpu = {"index": 0, "name": "H200", **memory, "utilization_percent": 7.0, "power_watts": None}
    output.show(
        status_drawn(
            {
                "uptime_seconds": 90_061.5,
                "cpu": {"cores": 2, "utilization_percent": 50.0, "load": [1.0, 2.0, 3.0]},
                "memory": {"total_bytes": 8e9, "available_bytes": 5e9, "process_bytes": 1e8},
                "gpus": [gpu],
                "disks": [{"path": "/", "total_bytes": 1e12, "free_bytes": 4e11}],
                "triton": {"live": False, "version": None, "models": {}, "error": "Triton is away"},
                "sessions": {"open": 1, "max": 64},
                "versions": {"beautyai": "0.1.0", "triton": None},
            }
        )
    )
    out = capsys.readouterr().out
    assert "up        1 d 01:01:01; beautyai 0.1.0, triton unknown" in out
    assert "gpu 0     H200, 30.0 GB of 150.0 GB used, 7% busy\n" in out
    assert "triton    Triton is away" in out
