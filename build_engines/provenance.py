"""Beside every engine: on what it was compiled. TensorRT's own config.json does not say for which GPU an engine is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from build_engines.errors import EngineMismatchError
from build_engines.machine import Machine
from build_engines.recipe import Recipe

PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Provenance:
    """What must be the same where the engine is served, and what helps to find out why it is not."""

    recipe: str
    gpu: str
    compute_capability: str
    driver: str
    tensorrt_llm: str


def write_provenance(engine_dir: Path, recipe: Recipe, machine: Machine) -> None:
    """Write down where an engine was just built."""
    gpu = machine.gpus[0]
    made = Provenance(
        recipe.name, gpu.name, gpu.compute_capability, gpu.driver, machine.tensorrt_llm or "unknown"
    )
    (engine_dir / PROVENANCE).write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")


def read_provenance(engine_dir: Path) -> Provenance:
    """Raises: EngineMismatchError where the engine does not say on what it was built."""
    path = engine_dir / PROVENANCE
    try:
        return Provenance(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, json.JSONDecodeError):
        raise EngineMismatchError(
            f"{path} is missing or broken, so nobody knows for which GPU this engine is: build it with `build`"
        ) from None
