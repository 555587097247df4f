"""Import the modules of one model's version folder, which Python cannot name because it is called `1`."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2] / "model_repository"


def module(model: str, name: str) -> Any:
    """`model_repository/<model>/1/<name>.py`, with its relative imports working as they do in Triton."""
    package = f"model_{model}"
    if package not in sys.modules:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(REPOSITORY / model / "1")]
        sys.modules[package] = module_from_spec(spec)
    return importlib.import_module(f"{package}.{name}")
