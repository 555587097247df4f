"""Dockerfiles, compose files, shell scripts, units and Prometheus' configuration, each judged by its own real tool."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from production.finding import Finding
from production.images import ROOT

SHELL_SCRIPTS = (
    ".ci/run",
    "benchmarks/perf_analyzer/run",
    "systemd/access",
    "systemd/install",
    "systemd/run-container",
    "systemd/status",
    "systemd/wait-until-healthy",
)
COMPOSE_FILES = ("docker/compose.yaml", "docker/compose.cpu.yaml")
_SECRETS = {"BEAUTYAI_TRITON_ADMIN_KEY": "not-a-real-key-0000", "GRAFANA_ADMIN_PASSWORD": "not-a-real-one"}
_PROMTOOL = "Debian's package prometheus brings promtool"
_SYSTEMD = "systemd-analyze comes with systemd"


def lint(root: Path = ROOT) -> Iterator[Finding]:
    """One finding for each kind of file; a tool that this machine lacks is named, not passed over."""
    yield _linted("Dockerfiles by hadolint", "hadolint", "`make setup` installs it", root, _dockerfiles)
    yield _linted("shell scripts by shellcheck", "shellcheck", "Debian's package brings it", root, _shell)
    yield _linted(
        "compose files by the compose-spec schema",
        "check-jsonschema",
        "`make setup` brings it",
        root,
        _schema,
    )
    yield _linted(
        "compose files by docker compose", "docker-compose", "there is none for Python 3.10", root, _compose
    )
    yield _linted("units by systemd-analyze", "systemd-analyze", _SYSTEMD, root, _units)
    yield _linted("Prometheus' configuration by promtool", "promtool", _PROMTOOL, root, _prometheus)


def tool_path(name: str) -> str | None:
    """The tool of this environment, else the system's."""
    ours = Path(sys.executable).parent / name
    return str(ours) if ours.is_file() else shutil.which(name)


def compose_environment(root: Path = ROOT) -> dict[str, str]:
    """What compose is given on a real host, with secrets that are none."""
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": "/nonexistent",
        **_SECRETS,
        "BEAUTYAI_DATA": str(root),
    }


def _linted(
    check: str, tool: str, where_from: str, root: Path, linter: Callable[[str, Path], Iterator[str]]
) -> Finding:
    path = tool_path(tool)
    if path is None:
        return Finding(check, skipped=f"{tool} is not on this machine; {where_from}")
    return Finding(check, tuple(linter(path, root)))


def _dockerfiles(hadolint: str, root: Path) -> Iterator[str]:
    files = sorted(str(file.relative_to(root)) for file in (root / "docker").glob("*.Dockerfile"))
    yield from _complaints([hadolint, "--no-color", "--failure-threshold", "info", *files], root)


def _shell(shellcheck: str, root: Path) -> Iterator[str]:
    yield from _complaints([shellcheck, "--format", "gcc", *SHELL_SCRIPTS], root)


def _schema(check_jsonschema: str, root: Path) -> Iterator[str]:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    yield from _complaints([check_jsonschema, "--output-format", "text", *schema, *COMPOSE_FILES], root)


def _compose(docker_compose: str, root: Path) -> Iterator[str]:
    for file in COMPOSE_FILES:
        environment_files = ["--env-file", "docker/images.env", "--env-file", "docker/.env.example"]
        command = [docker_compose, *environment_files, "--file", file, "config", "--quiet"]
        yield from _complaints(command, root, compose_environment(root))


def _units(systemd_analyze: str, root: Path) -> Iterator[str]:
    """The units as the script installs them, in a folder that takes the place of the host."""
    with tempfile.TemporaryDirectory() as host:
        yield from _complaints([str(root / "systemd" / "install")], root, {**os.environ, "DESTDIR": host})
        units = sorted((Path(host) / "etc/systemd/system").iterdir())
        for unit in units:
            # The scripts stand where they were installed, below the folder.
            text = unit.read_text(encoding="utf-8").replace("/usr/local/", f"{host}/usr/local/")
            unit.write_text(text, encoding="utf-8")
        command = [systemd_analyze, "verify", "--man=no", "--recursive-errors=one", *map(str, units)]
        yield from (line.replace(host, "") for line in _complaints(command, root))


def _prometheus(promtool: str, root: Path) -> Iterator[str]:
    # The syntax only: the key that it names is made on the host.
    config = ["check", "config", "--syntax-only", "docker/prometheus/prometheus.yml"]
    yield from _complaints([promtool, *config], root)
    yield from _complaints([promtool, "check", "rules", "docker/prometheus/alerts.yml"], root)


def _complaints(
    command: Sequence[str], root: Path, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """What a tool said, where it was not content."""
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        yield from (
            [line for line in lines if line.strip()] or [f"{command[0]}: exit status {done.returncode}"]
        )
