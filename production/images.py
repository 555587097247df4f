"""The images that production starts from: stated in `docker/images.env` and nowhere else."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docker" / "images.env"
_TAGGED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?")
# The repositories whose tags are ours to choose; a name alone, in a text, is no second place.
_REPOSITORY = re.compile(r"(?:tritonserver|prom/prometheus|grafana/grafana|\bpython):[\w.-]*\d[\w.-]*")
# Texts that state history or facts about several images.
_HISTORY = ("docs/decisions/", "docs/log.md", "CHANGELOG.md", "docs/production.md")


def read_env(file: Path) -> dict[str, str]:
    """`NAME=value` lines; comments and empty lines are skipped."""
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def image_problems(root: Path = ROOT) -> Iterator[str]:
    """An image without a tag of its own, and a tag that is stated a second time."""
    for name, image in read_env(root / "docker" / "images.env").items():
        if name.endswith("_IMAGE") and not _TAGGED.fullmatch(image):
            yield f"docker/images.env: {name}={image} has no tag with a version"
    for file in _tracked(root):
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        yield from (
            f"{file}: states {found}, which belongs to docker/images.env"
            for found in _REPOSITORY.findall(text)
        )


def _tracked(root: Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    kinds = (
        ".py",
        ".toml",
        ".yaml",
        ".yml",
        ".Dockerfile",
        ".env",
        ".md",
        ".example",
        "Makefile",
        ".service",
    )
    return [
        file
        for file in listed.stdout.split()
        if file.endswith(kinds) and file != "docker/images.env" and not file.startswith(_HISTORY)
    ]
