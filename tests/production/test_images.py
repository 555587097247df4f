"""One place for every image, and packages of the images in the versions of the lock."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from production.images import IMAGES, ROOT, image_problems, read_env

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ \\]+)(.*)$", re.MULTILINE)
# Imported by this name, published by that one.
_PACKAGES = {
    "edge_tts": "edge-tts",
    "faster_whisper": "faster-whisper",
    "google": "protobuf",
    "piper": "piper-tts",
}
_OF_THE_SERVER = {"triton_python_backend_utils"}


def pins(file: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version, _ in PINNED.findall((ROOT / file).read_text(encoding="utf-8")):
        found.setdefault(name, set()).add(version)
    return found


def test_every_image_has_a_version_and_stands_in_one_place() -> None:
    assert list(image_problems()) == []


def test_a_second_place_and_a_floating_tag_are_found(tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "images.env").write_text("PYTHON_IMAGE=docker.io/library/python:slim\n")
    second = "tritonserver:" + "26.07-py3"
    (tmp_path / "start.py").write_text(f'IMAGE = "nvcr.io/nvidia/{second}"\n')
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    problems = " ".join(image_problems(tmp_path))
    assert "PYTHON_IMAGE" in problems
    assert f"start.py: states {second}" in problems


def test_the_images_built_here_carry_the_projects_version() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{read_env(IMAGES)["BEAUTYAI_VERSION"]}"' in text


@pytest.mark.parametrize("image", ["triton", "orchestrator"])
def test_an_image_installs_the_versions_of_the_lock_with_hashes(image: str) -> None:
    locked = pins("requirements.lock")
    installed = pins(f"docker/{image}.requirements.txt")
    assert installed
    assert {
        name: versions
        for name, versions in installed.items()
        if not name.startswith("nvidia-") and not versions <= locked[name]
    } == {}
    text = (ROOT / f"docker/{image}.requirements.txt").read_text(encoding="utf-8")
    assert text.count("==") <= text.count("--hash=sha256:")
    assert "://" not in text


def test_the_serving_image_has_every_package_that_a_model_imports() -> None:
    imported = {
        name.split(".")[0]
        for file in (ROOT / "model_repository").glob("*/1/*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _names(node)
    }
    needed = {_PACKAGES.get(name, name) for name in imported - set(sys.stdlib_module_names) - _OF_THE_SERVER}
    assert needed <= set(pins("docker/triton.requirements.txt"))
    assert {"nvidia-cublas-cu12"} <= set(pins("docker/triton.requirements.txt"))


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
