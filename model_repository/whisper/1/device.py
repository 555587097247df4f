"""Where the network computes: a device and a type that this machine has, and the CUDA libraries of this process alone.

CTranslate2 opens its CUDA 12 libraries by name when it first multiplies, minutes after the model has loaded. The image
of the language model has CUDA 13, so CUDA 12 comes as packages. They are opened here beforehand, by path: what is open
already is found by its name. A search path (LD_LIBRARY_PATH) would give them to TensorRT-LLM as well.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import ctranslate2

from .settings import SettingsError

# In the order of their needs. Every other part of CUDA is linked into CTranslate2's wheel.
CUDA_LIBRARIES = ("libcublasLt.so.12", "libcublas.so.12")
_CHOSEN_BY_CTRANSLATE2 = ("default", "auto")


def prepare(device: str, compute_type: str) -> None:
    """Make `device` usable for this process.

    Raises `SettingsError` where this machine lacks the device, the type of numbers or a library.
    """
    n_gpus = ctranslate2.get_cuda_device_count()
    if device == "cuda" and n_gpus == 0:
        raise SettingsError(
            "device: cuda, but no GPU is visible to this process; `nvidia-smi` must list one here (in a container: "
            "`--gpus all` and the NVIDIA Container Toolkit), or set BEAUTYAI_WHISPER_DEVICE=cpu"
        )
    used = "cuda" if device == "cuda" or (device == "auto" and n_gpus) else "cpu"
    check_compute_type(compute_type, used, ctranslate2.get_supported_compute_types(used))
    if used == "cuda":
        open_libraries(library_files(map(Path, sys.path)))


def check_compute_type(compute_type: str, device: str, supported: Collection[str]) -> None:
    """Raises `SettingsError` where `device` does not compute with that type."""
    if compute_type not in supported and compute_type not in _CHOSEN_BY_CTRANSLATE2:
        raise SettingsError(
            f"compute_type: this machine's {device} has no {compute_type!r}; "
            f"BEAUTYAI_WHISPER_COMPUTE_TYPE can be {', '.join(sorted(supported))}"
        )


def library_files(folders: Iterable[Path]) -> list[str]:
    """Where each of `CUDA_LIBRARIES` lies below the package folders; its bare name, for the system's, where nowhere."""
    places = list(folders)
    return [next(_files(places, name), name) for name in CUDA_LIBRARIES]


def open_libraries(files: Iterable[str]) -> None:
    """Open each for this process. Raises `SettingsError` naming the one that cannot be opened."""
    for file in files:
        try:
            ctypes.CDLL(file, mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise SettingsError(
                f"device: cuda needs CUDA 12's {Path(file).name} ({error}); install nvidia-cublas-cu12 beside "
                "CTranslate2, as docker/triton.requirements.txt does"
            ) from error


def _files(folders: Iterable[Path], name: str) -> Iterator[str]:
    return (str(file) for folder in folders for file in sorted(folder.glob(f"nvidia/*/lib/{name}")))
