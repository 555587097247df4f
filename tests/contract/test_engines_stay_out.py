"""TensorRT-LLM and torch are for GPU machines: nothing that a laptop installs may name them."""

from __future__ import annotations

import itertools
import re
import sys
from pathlib import Path
from typing import Any

from build_engines.release import TENSORRT_LLM

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = re.compile(r"^(tensorrt|torch|nvidia-modelopt|transformers)\b", re.MULTILINE)


def test_the_lock_does_not_hold_them() -> None:
    assert not HEAVY.search((ROOT / "requirements.lock").read_text(encoding="utf-8"))


def test_no_extra_and_no_dependency_names_them() -> None:
    project = PROJECT["project"]
    names = list(itertools.chain(project["dependencies"], *project["optional-dependencies"].values()))
    assert not [name for name in names if HEAVY.match(name)]


def test_the_group_names_the_release_that_everything_is_written_for() -> None:
    assert f"tensorrt-llm=={TENSORRT_LLM}" in PROJECT["dependency-groups"]["engines"]


def test_only_tensorrt_llm_may_come_from_nvidias_index() -> None:
    uv = PROJECT["tool"]["uv"]
    assert uv["index"] == [{"name": "nvidia", "url": "https://pypi.nvidia.com", "explicit": True}]
    assert uv["sources"] == {"tensorrt-llm": {"index": "nvidia"}}
