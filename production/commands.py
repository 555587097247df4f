"""Every command that runs on the GPU machine, in order, as text: what the check prints and the guide explains."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from build_engines.commands import build_command, checkpoint_command
from build_engines.recipe import load_recipe
from build_engines.release import IMAGE_EXAMPLES
from build_engines.workplace import Workplace
from production.images import ROOT, read_env
from production.triton_server import command


@dataclass(frozen=True)
class Step:
    """One thing to do, and its command lines."""

    title: str
    lines: tuple[str, ...]


def steps(recipe: str, repository: Path, data: str = "/srv/beautyai") -> Iterator[Step]:
    """From a bare GPU machine to a server that answers. `repository` is the rendered one, read for its models."""
    image = read_env(ROOT / "docker" / "images.env")["TRITON_IMAGE"]
    model = load_recipe(recipe).language_model
    yield Step("The GPU is visible to containers", (f"docker run --rm --gpus all {image} nvidia-smi",))
    yield Step("This repository's tools", ("make setup",))
    yield Step("The engine, in the serving image", (engine_command(recipe, model, image, data),))
    yield Step("What it starts there, step by step", engine_step_commands(recipe))
    yield Step(
        "Its tokenizer", (f"install -D -t {data}/tokenizer {data}/engines/weights/{model}-*/tokenizer*",)
    )
    yield Step("The weights of the other models", (f".venv/bin/python -m production weights {data}/weights",))
    yield Step("The model repository", (render_command(recipe, data),))
    yield Step(
        "Settings",
        (
            "cp docker/.env.example docker/.env",
            "openssl rand -hex 32  # BEAUTYAI_TRITON_ADMIN_KEY in docker/.env",
        ),
    )
    yield Step("The first keys: yours, and one with which Prometheus reads figures only", key_commands(data))
    yield Step("Start", ("make up",))
    yield Step("Triton's own command, in its container", (triton_command(repository),))
    yield Step("Ask", ('BEAUTYAI_API_KEY=bai_… .venv/bin/beautyai ask "What do plants need to grow?"',))


def engine_command(recipe: str, model: str, image: str, data: str) -> str:
    """Builds the engine where it will run: it fits one GPU architecture and one TensorRT-LLM."""
    mounts = f'--volume "$PWD":/beautyai:ro --volume {shlex.quote(data)}/engines:/engines'
    build = ["python3", "-m", "build_engines", model, "--recipe", recipe, "--work-dir", "/engines"]
    return (
        f"docker run --rm --gpus all --shm-size 2g --workdir /beautyai {mounts} {image} {shlex.join(build)}"
    )


def engine_step_commands(recipe: str) -> tuple[str, ...]:
    """What the engine's steps start, for the recipe and for its BF16 reference."""
    chosen = load_recipe(recipe)
    recipes = (chosen,) if chosen.is_reference else (chosen, chosen.reference())
    places = [Workplace(Path("/engines"), one) for one in recipes]
    return tuple(
        shlex.join(line)
        for place in places
        for line in (checkpoint_command(place, "python3", Path(IMAGE_EXAMPLES)), build_command(place))
    )


def key_commands(data: str) -> tuple[str, ...]:
    """Before the first start: without a key the orchestrator does not start where others can reach it."""
    return (
        'make --silent key KEY="create admin --scopes chat,voice,admin"',
        f'make --silent key KEY="create prometheus --scopes metrics --key-only" > {shlex.quote(data)}/metrics-key',
    )


def render_command(recipe: str, data: str) -> str:
    """The paths are those of the container."""
    words = [".venv/bin/python", "-m", "build_engines", "render", "--recipe", recipe]
    words += ["--engine-dir", f"/engines/{recipe}/engine", "--tokenizer-dir", "/tokenizer"]
    return shlex.join([*words, "--output", f"{data}/models"])


def triton_command(repository: Path) -> str:
    """What `triton_server.py` becomes, its key left out."""
    shown = "the-admin-key-of-docker-env"
    line = command({"BEAUTYAI_TRITON_ADMIN_KEY": shown}, repository)
    return shlex.join(word.replace(str(repository), "/models") for word in line)
