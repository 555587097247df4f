"""Where Whisper computes: refusals before the first request, and the libraries that a GPU needs."""

from __future__ import annotations

import re
from importlib.metadata import files
from pathlib import Path

import ctranslate2
import pytest

from tests.model_repository.model_folder import module

device = module("whisper", "device")
settings = module("whisper", "settings")

_CUDA_LIBRARY = re.compile(rb"lib(?:cublas|cublasLt|cudnn|cudart|cufft|curand|cusparse|nvrtc)\w*\.so\.\d+")


def test_a_gpu_that_is_not_there_is_refused_with_what_to_do() -> None:
    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a GPU")
    with pytest.raises(settings.SettingsError, match=r"no GPU is visible.*BEAUTYAI_WHISPER_DEVICE=cpu"):
        device.prepare("cuda", "float16")


def test_a_type_that_the_device_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(settings.SettingsError, match=r"no 'int3'.*float32, int8"):
        device.check_compute_type("int3", "cpu", {"int8", "float32"})


@pytest.mark.parametrize("compute_type", ["int8", "default", "auto"])
def test_what_this_cpu_can_do_is_accepted(compute_type: str) -> None:
    device.prepare("cpu", compute_type)


def test_libraries_are_found_in_packages_in_the_order_of_their_needs(tmp_path: Path) -> None:
    libraries = tmp_path / "site-packages" / "nvidia" / "cublas" / "lib"
    libraries.mkdir(parents=True)
    for name in ("libcublas.so.12", "libcublasLt.so.12", "libcublas.so.13"):
        (libraries / name).touch()
    found = device.library_files([tmp_path / "elsewhere", tmp_path / "site-packages"])
    assert found == [str(libraries / "libcublasLt.so.12"), str(libraries / "libcublas.so.12")]


def test_a_library_that_no_package_brings_is_asked_of_the_system(tmp_path: Path) -> None:
    assert device.library_files([tmp_path]) == ["libcublasLt.so.12", "libcublas.so.12"]


def test_a_broken_library_is_named_with_its_package(tmp_path: Path) -> None:
    (tmp_path / "libcublas.so.12").write_text("not a library")
    with pytest.raises(settings.SettingsError, match=r"libcublas\.so\.12.*nvidia-cublas-cu12"):
        device.open_libraries([str(tmp_path / "libcublas.so.12")])


def test_ctranslate2_opens_no_other_library_of_cuda() -> None:
    binary = next(file for file in files("ctranslate2") or [] if file.name.startswith("libctranslate2"))
    named = {name.decode() for name in _CUDA_LIBRARY.findall(Path(str(binary.locate())).read_bytes())}
    assert named <= set(device.CUDA_LIBRARIES)
