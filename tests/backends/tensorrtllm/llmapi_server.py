"""A real Triton whose `tensorrt_llm` stands on the LLM API, with the release of `fake_release` in place of NVIDIA's."""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from build_engines.recipe import Recipe, load_recipe
from build_engines.render import render
from embedded import ports, probe, triton
from embedded.fetch import Runtime, fetch
from embedded.process import Child
from embedded.settings import REPOSITORY_ROOT, Settings

RELEASE = Path(__file__).with_name("fake_release")
MODELS = ("chat", "postprocessing", "preprocessing", "tensorrt_llm")
SLOTS, QUEUE = 4, 8
VOCABULARY = 49_152
"""SmolLM2's, whose tokenizer and template prepare the requests."""
_START_SECONDS = 120


@contextmanager
def serving(folder: Path) -> Iterator[Settings]:
    """Triton over a repository that was rendered for the LLM API; its addresses are in the settings."""
    free = {name: str(ports.free_port()) for name in ("PORT", "TRITON_GRPC_PORT", "TRITON_METRICS_PORT")}
    (folder / "models").mkdir()
    environment = {**os.environ, **free, "BEAUTYAI_MODEL_REPOSITORY": str(folder / "models")}
    settings = Settings.from_environment(environment)
    runtime = fetch(settings)
    _render(folder, runtime)
    log, prefix = folder / "triton.log", f"llmapi-{settings.grpc_port}-"
    server = triton.server_environment(triton.model_environment(settings, runtime, environment), runtime)
    child = Child("tritonserver", triton.command(settings, runtime, prefix), server, log)
    child.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not probe.triton_is_ready(settings):
            assert child.exit_status is None, log.read_text(errors="replace")[-4000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-4000:]
            time.sleep(0.1)
        yield settings
    finally:
        child.stop(10)
        triton.remove_shared_memory(prefix)


def _render(folder: Path, runtime: Runtime) -> None:
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir()
    shape = {"vocab_size": VOCABULARY, "max_position_embeddings": 8192}
    (checkpoint / "config.json").write_text(json.dumps(shape))
    original = folder / "original"
    environment = _environment(folder / "environment")
    for model in ("reply", *MODELS):
        shutil.copytree(REPOSITORY_ROOT / "model_repository" / model, original / model)
    config = original / "tensorrt_llm" / "config.pbtxt"
    queue = config.read_text().replace(
        'value: { string_value: "64" }', f'value: {{ string_value: "{QUEUE}" }}'
    )
    config.write_text(queue)
    (folder / "models").rmdir()
    render(_recipe(environment), original, checkpoint, runtime.tokenizer_dir, folder / "models")
    shutil.rmtree(folder / "models" / "reply")


def _environment(folder: Path) -> Path:
    """A Python environment of its own, which alone has the release; the rest is that of the tests."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "tests.pth").write_text(f"{RELEASE}\n{sysconfig.get_path('purelib')}\n")
    return folder


def _recipe(environment: Path) -> Recipe:
    recipe = load_recipe("h100-fp8-llmapi")
    limits = {"max_batch_size": SLOTS, "max_sequence_tokens": 2048, "max_input_tokens": 2000}
    changes = {
        "engine": recipe.engine.model_copy(update=limits),
        "serving": recipe.serving.model_copy(update={"python_environment": str(environment)}),
    }
    return recipe.model_copy(update=changes)
