"""How the unpacked `tritonserver` is started: its folders, its environment, its command line, its log."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded import cache, interpreter, stub
from embedded.errors import UnsuitableMachineError
from embedded.fetch import Runtime
from embedded.settings import REPOSITORY_ROOT, Settings

SHARED_MEMORY = Path("/dev/shm")
_EXIT_TIMEOUT_SECONDS = 4
_STUB_TIMEOUT_SECONDS = 120
_MAX_THREADS = 4
# What changes the server: only who has the key may do it over the network.
_ADMIN_PROTOCOLS = "model-repository,shared-memory,logging,trace"
# Without a GPU a prompt of a thousand tokens takes seconds to read, and every token after it longer to write.
_CONVERSATION_DEFAULTS = {"BEAUTYAI_SESSION__GENERATION__HISTORY_TOKENS": "768"}
# What a session begins with where neither the environment nor BEAUTYAI_CONFIG says otherwise: 135 million parameters
# answer questions only when they are asked for one sentence and not sampled.
_SESSION_DEFAULTS = {
    "smollm2-135m": {
        "BEAUTYAI_SESSION__SYSTEM_PROMPT": "You are a helpful voice assistant. Answer in one short sentence.",
        "BEAUTYAI_SESSION__GENERATION__TEMPERATURE": "0",
        "BEAUTYAI_SESSION__GENERATION__REPETITION_PENALTY": "1",
        "BEAUTYAI_SESSION__GENERATION__MAX_TOKENS": "96",
    }
}


def model_environment(settings: Settings, runtime: Runtime, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with what the models read; what the user has set stays, except for the paths of the weights.

    OpenMP threads spin for a moment before they sleep: long spinning starves the other models as soon as two work at
    once, and no spinning at all costs two thirds of the tokens (docs/log.md). Sessions find their own
    conversation in a slot of the language model also while a reply of theirs still holds one.
    """
    cores = min(len(os.sched_getaffinity(0)), _MAX_THREADS)
    defaults = {
        "GOMP_SPINCOUNT": "1000",
        "BEAUTYAI_WHISPER_COMPUTE_TYPE": "int8",
        "BEAUTYAI_WHISPER_DEVICE": "cpu",
        "BEAUTYAI_WHISPER_THREADS": str(cores),
        "BEAUTYAI_LLM_SLOTS": "8",
        "BEAUTYAI_LLM_CONTEXT_TOKENS": "2048",
        "BEAUTYAI_LLM_THREADS": str(cores),
        "BEAUTYAI_TTS": "piper",
        "BEAUTYAI_TTS_THREADS": str(cores),
        "BEAUTYAI_PARTIALS_AT_ONCE": str(max(1, cores // 2)),
    }
    if "BEAUTYAI_CONFIG" not in environ:
        sessions = _CONVERSATION_DEFAULTS | _SESSION_DEFAULTS.get(settings.llm, {})
        defaults |= _unless_kept(sessions, environ)
    fixed = {
        "BEAUTYAI_VAD_MODEL": str(runtime.vad_model),
        "BEAUTYAI_END_OF_TURN_MODEL": str(runtime.end_of_turn_model),
        "BEAUTYAI_WHISPER_DIR": str(runtime.whisper_dir),
        "BEAUTYAI_TOKENIZER_DIR": str(runtime.tokenizer_dir),
        "BEAUTYAI_LLM_GGUF": str(runtime.llm_gguf),
        "BEAUTYAI_VOICES_DIR": str(runtime.voices_dir),
        "BEAUTYAI_HOST": settings.host,
        "BEAUTYAI_PORT": str(settings.port),
        "BEAUTYAI_TRITON_URL": settings.triton_url,
    }
    return {**defaults, **environ, **fixed}


def _unless_kept(defaults: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """`defaults` without those that the file of settings gives, which the environment would hide."""
    base = Path(environ.get("XDG_DATA_HOME") or "~/.local/share") / "beautyai"
    file = Path(environ.get("BEAUTYAI_DATA_DIR") or base).expanduser() / "config.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return dict(defaults)  # a broken one is told of by the orchestrator
    return {name: value for name, value in defaults.items() if not _gives(kept, name)}


def _gives(kept: object, name: str) -> bool:
    """Whether settings have what a variable is for: `BEAUTYAI_SESSION__SPEED` is `speed` in `session`."""
    for part in name.removeprefix("BEAUTYAI_").lower().split("__"):
        if not isinstance(kept, dict) or part not in kept:
            return False
        kept = kept[part]
    return True


def server_environment(models: Mapping[str, str], runtime: Runtime) -> dict[str, str]:
    """The models' environment and what the loader needs. Raises: UnsuitableMachineError without a libpython.

    The Python stub runs the Python that PATH names first and ignores PYTHONPATH.
    """
    libpython = interpreter.libpython_dir()
    if libpython is None:
        raise UnsuitableMachineError("\n".join(interpreter.problems()))
    libraries = [str(runtime.triton_dir / "nvidia_pytriton.libs"), str(libpython)]
    libraries += filter(None, [models.get("LD_LIBRARY_PATH")])
    path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), models.get("PATH")]))
    return {**models, "LD_LIBRARY_PATH": os.pathsep.join(libraries), "PATH": path}


def command(settings: Settings, runtime: Runtime, shared_memory_prefix: str) -> list[str]:
    """The command line. Every port on loopback; HTTP off, for 2.51 has known holes there."""
    restricted = f"--grpc-restricted-protocol={_ADMIN_PROTOCOLS}:admin-key={settings.admin_key}"
    return [
        str(runtime.triton_dir / "pytriton/tritonserver/bin/tritonserver"),
        f"--model-repository={settings.model_repository}",
        f"--backend-directory={backends_dir(settings, runtime)}",
        f"--backend-config=python,shm-region-prefix-name={shared_memory_prefix}",
        f"--backend-config=python,stub-timeout-seconds={_STUB_TIMEOUT_SECONDS}",
        "--model-control-mode=explicit",
        "--load-model=*",
        "--allow-http=false",
        "--allow-gpu-metrics=false",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={settings.grpc_port}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={settings.metrics_port}",
        f"--exit-timeout-secs={_EXIT_TIMEOUT_SECONDS}",
        *([restricted] if settings.admin_key else []),
    ]


def backends_dir(settings: Settings, runtime: Runtime) -> Path:
    """A backends folder for this Python, NumPy and checkout: the Python backend and its stub, and ours."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ours = str(REPOSITORY_ROOT).encode() + stub.TENSOR_LIFETIMES.read_bytes()
    checkout = hashlib.sha256(ours).hexdigest()[:12]
    name = f"{runtime.triton_dir.name}-py{version}-numpy{stub.installed_numpy_major()}-{checkout}"
    target = settings.cache_dir / "backends" / name
    if target.is_dir():
        return target
    with cache.locked(settings.cache_dir, target.name):
        if not target.is_dir():
            with cache.staged(settings.cache_dir, target) as folder:
                _lay_out(runtime.triton_dir / "pytriton/tritonserver", version, folder)
    return target


def _lay_out(server: Path, version: str, folder: Path) -> None:
    shutil.copytree(server / "backends/python", folder / "python")
    name = "triton_python_backend_stub"
    source = server / "python_backend_stubs" / version / name
    stub.place(source, folder / "python" / name, stub.installed_numpy_major())
    stub.hold_tensors(folder / "python")
    os.symlink(REPOSITORY_ROOT / "backends/tensorrtllm", folder / "tensorrtllm")


def remove_shared_memory(prefix: str) -> None:
    """Remove what a killed server left of its regions."""
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)


def failures(log: Path) -> list[str]:
    """Why models did not load, in Triton's own words: the rows of its table that are not READY, or errors."""
    text = log.read_text(encoding="utf-8", errors="replace")
    models = re.findall(r"^\| (\S+)\s+\| \S+\s+\| (UNAVAILABLE: .*?)\s*\|$", text, re.MULTILINE)
    found = [f"{model}: {reason.removeprefix('UNAVAILABLE: ')}" for model, reason in models]
    errors = re.findall(r'^E\d{4} .*?\] "?(.*?)"?$', text, re.MULTILINE)
    return list(dict.fromkeys(found or [line for line in errors if line]))
