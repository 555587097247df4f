"""Prometheus' alerts and Grafana's dashboard: every query is read by a real parser, every metric exists."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import yaml
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.metrics import Metrics

ALERTS = Path("docker/prometheus/alerts.yml")
DASHBOARD = Path("docker/grafana/beautyai.json")
DATASOURCES = Path("docker/grafana/datasources.yaml")
# Triton's own, and those of its TensorRT-LLM backend (docs/user_guide/metrics.md; custom_metrics_reporter.cc).
TRITON_METRICS = frozenset(
    {
        "nv_inference_request_success",
        "nv_inference_request_failure",
        "nv_inference_pending_request_count",
        "nv_inference_queue_duration_us",
        "nv_gpu_utilization",
        "nv_gpu_memory_used_bytes",
        "nv_gpu_memory_total_bytes",
        "nv_trt_llm_request_metrics",
        "nv_trt_llm_kv_cache_block_metrics",
    }
)
_PROMETHEUS_METRICS = frozenset({"up"})
_RULE_FIELDS = {"alert", "expr", "for", "labels", "annotations", "keep_firing_for"}
# Grafana replaces it by a duration.
_VARIABLES = {"$__rate_interval": "1m"}


def monitoring_problems(root: Path) -> Iterator[str]:
    """What is wrong with the alerts and the dashboard."""
    yield from alert_problems(yaml.safe_load((root / ALERTS).read_text(encoding="utf-8")))
    sources = yaml.safe_load((root / DATASOURCES).read_text(encoding="utf-8"))["datasources"]
    dashboard = json.loads((root / DASHBOARD).read_text(encoding="utf-8"))
    yield from dashboard_problems(dashboard, {source["uid"] for source in sources})


def alert_problems(document: Mapping[str, Any]) -> Iterator[str]:
    """What Prometheus would not load, and what nobody could act on."""
    for group in document["groups"]:
        for rule in group["rules"]:
            name = rule.get("alert", "a rule without a name")
            yield from (f"{name}: unknown field {field}" for field in sorted(set(rule) - _RULE_FIELDS))
            missing = {"summary", "action"} - set(rule.get("annotations", {}))
            yield from (f"{name}: no annotation {field}" for field in sorted(missing))
            yield from (f"{name}: {problem}" for problem in query_problems(rule["expr"]))


def dashboard_problems(dashboard: Mapping[str, Any], sources: set[str]) -> Iterator[str]:
    """Panels that would stay empty: a broken query, an unknown metric, or a data source that is not provisioned."""
    for panel in dashboard["panels"]:
        if panel["datasource"]["uid"] not in sources:
            yield f"{panel['title']}: data source {panel['datasource']['uid']} is not provisioned"
        for target in panel["targets"]:
            yield from (f"{panel['title']}: {problem}" for problem in query_problems(target["expr"]))


def query_problems(query: str) -> Iterator[str]:
    """Why a query cannot be read, or which of its series no process exposes."""
    for variable, value in _VARIABLES.items():
        query = query.replace(variable, value)
    try:
        parsed = promql_parser.parse(query)
    except ValueError as error:
        yield f"{query}: {error}"
        return
    known = orchestrator_series() | TRITON_METRICS | _PROMETHEUS_METRICS
    for name, labels in _selectors(parsed):
        if name not in known:
            yield f"nothing exposes {name}"
        elif (allowed := _label_values().get(name)) is not None:
            yield from _label_problems(name, labels, allowed)


def orchestrator_series() -> set[str]:
    """The names of the series that `/metrics` of the orchestrator has."""
    return {sample.name for family in _families() for sample in family.samples}


def _families() -> list[Any]:
    return list(text_string_to_metric_families(Metrics().render()[0].decode()))


def _label_values() -> dict[str, dict[str, set[str]]]:
    """For each series of the orchestrator its labels and their values; `le` is a bucket's and left out."""
    values: dict[str, dict[str, set[str]]] = {}
    for sample in (sample for family in _families() for sample in family.samples):
        labels = values.setdefault(sample.name, {})
        for label, value in sample.labels.items():
            if label != "le":
                labels.setdefault(label, set()).add(value)
    return values


def _label_problems(name: str, labels: Mapping[str, str], allowed: Mapping[str, set[str]]) -> Iterator[str]:
    for label, value in labels.items():
        if label not in allowed:
            yield f"{name} has no label {label}"
        elif value not in allowed[label]:
            yield f'{name} is never {label}="{value}"'


def _selectors(node: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Every series that a query selects, with its labels that are compared for equality."""
    if isinstance(node, promql_parser.VectorSelector):
        equal = [m for m in node.matchers.matchers if m.op == promql_parser.MatchOp.Equal]
        yield str(node.name), {matcher.name: matcher.value for matcher in equal}
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        if (child := getattr(node, name, None)) is not None:
            yield from _selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from _selectors(child)
