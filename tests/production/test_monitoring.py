"""Alerts and the dashboard ask only for what is exposed, and the parser would say where they did not."""

from __future__ import annotations

import json
import urllib.request

import pytest

from production.images import ROOT
from production.monitoring import (
    DASHBOARD,
    TRITON_METRICS,
    alert_problems,
    dashboard_problems,
    monitoring_problems,
    query_problems,
)
from tests.conftest import RunningTriton

# A CPU server exposes neither.
_OF_A_GPU = ("nv_gpu_", "nv_trt_llm_")


def test_alerts_and_dashboard_ask_for_series_that_exist() -> None:
    assert list(monitoring_problems(ROOT)) == []


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("sum(rate(beautyai_turn_total[5m]))", "nothing exposes beautyai_turn_total"),
        ('beautyai_turns_total{outcome="error"}', 'beautyai_turns_total is never outcome="error"'),
        ('beautyai_turns_total{reason="failed"}', "beautyai_turns_total has no label reason"),
        ("1 + (2 * max(nv_gpu_heat))", "nothing exposes nv_gpu_heat"),
        ("sum(rate(beautyai_turns_total[5m])", "unclosed left parenthesis"),
    ],
)
def test_a_query_that_would_stay_empty_is_found(query: str, problem: str) -> None:
    assert problem in " ".join(query_problems(query))


def test_a_rule_that_prometheus_refuses_or_nobody_understands_is_found() -> None:
    rule = {"alert": "Lost", "expr": "up == 0", "form": "1m", "annotations": {"summary": "lost"}}
    problems = list(alert_problems({"groups": [{"name": "g", "rules": [rule]}]}))
    assert problems == ["Lost: unknown field form", "Lost: no annotation action"]


def test_a_panel_without_its_data_source_is_found() -> None:
    dashboard = json.loads((ROOT / DASHBOARD).read_text(encoding="utf-8"))
    assert "is not provisioned" in next(dashboard_problems(dashboard, {"another"}))


@pytest.mark.triton
def test_tritons_own_metrics_have_the_names_that_are_asked_for(triton: RunningTriton) -> None:
    with urllib.request.urlopen(triton.metrics_url, timeout=10) as answer:
        exposed = answer.read().decode()
    assert [name for name in TRITON_METRICS if not name.startswith(_OF_A_GPU) and name not in exposed] == []
