"""How Triton is started in its container: one command line, made from the environment and the repository.

The image runs this file alone, so it imports nothing beside the standard library.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

GRPC_PORT = 8001
HEALTH_PORT = 8000
METRICS_PORT = 8002
REPOSITORY = Path("/models")
# What changes the server; who reaches the port without the key may only ask for inferences and their descriptions.
ADMIN_PROTOCOLS = ("model-repository", "shared-memory", "logging", "trace")
# Models that call others while they work, which no config says: they come after those.
_CALLING_MODELS = ("reply",)
_ADMIN_KEY = re.compile(r"[A-Za-z0-9_-]{16,}")
_EXIT_SECONDS = 30
_STUB_SECONDS = 300


class StartError(Exception):
    """The operator's: the message says which setting or file is missing."""


def command(environment: Mapping[str, str], repository: Path = REPOSITORY) -> list[str]:
    """The command line of `tritonserver`.

    Raises: StartError where the admin key or the rendered repository is missing.
    """
    admin_key = environment.get("BEAUTYAI_TRITON_ADMIN_KEY", "")
    if not _ADMIN_KEY.fullmatch(admin_key):
        raise StartError(
            "BEAUTYAI_TRITON_ADMIN_KEY must be 16 or more of A-Z a-z 0-9 _ - (openssl rand -hex 32): it locks the "
            "control of the models"
        )
    restricted = f"{','.join(ADMIN_PROTOCOLS)}:admin-key={admin_key}"
    return [
        "tritonserver",
        f"--model-repository={repository}",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in load_order(repository)),
        # Not ready while any model is not.
        "--strict-readiness=true",
        f"--backend-config=python,stub-timeout-seconds={_STUB_SECONDS}",
        # Two servers on one host must not share their regions.
        "--backend-config=python,shm-region-prefix-name=beautyai-",
        # The container's private network: compose publishes nothing of it, the unit only on loopback.
        "--grpc-address=0.0.0.0",
        f"--grpc-port={GRPC_PORT}",
        f"--grpc-restricted-protocol={restricted}",
        "--metrics-address=0.0.0.0",
        f"--metrics-port={METRICS_PORT}",
        # HTTP answers the container's own health check and nobody else.
        "--http-address=127.0.0.1",
        f"--http-port={HEALTH_PORT}",
        f"--http-restricted-api={restricted}",
        f"--exit-timeout-secs={_EXIT_SECONDS}",
    ]


def load_order(repository: Path) -> list[str]:
    """Every model, what it needs before it: leaves, then models that call others, then ensembles.

    The memory of the GPU does not hang on it, for Triton loads side by side what does not depend on each other: the
    rendered cache of the language model has a size in tokens.

    Raises: StartError where `repository` holds no model.
    """
    configs = {file.parent.name: file.read_text("utf-8") for file in repository.glob("*/config.pbtxt")}
    if not configs:
        raise StartError(f"{repository} holds no model; mount what `python -m build_engines render` wrote")

    def rank(model: str) -> tuple[int, str]:
        is_ensemble = re.search(r'^\s*platform:\s*"ensemble"', configs[model], re.MULTILINE)
        return (2 if is_ensemble else int(model in _CALLING_MODELS)), model

    return sorted(configs, key=rank)


def rendered_environment(repository: Path) -> dict[str, str]:
    """What the recipe asks of the server's environment: `rendered.json` says it."""
    record = repository / "rendered.json"
    if not record.is_file():
        return {}
    return {
        str(name): str(value) for name, value in json.loads(record.read_text("utf-8"))["environment"].items()
    }


def main() -> int:
    """Become `tritonserver`; returns 2 where that cannot be."""
    try:
        started = command(os.environ)
    except StartError as error:
        print(f"beautyai: {error}", file=sys.stderr)
        return 2
    environment = {**os.environ, **rendered_environment(REPOSITORY)}
    return os.execvpe(started[0], started, environment)


if __name__ == "__main__":
    sys.exit(main())
