from __future__ import annotations

from dataclasses import replace

import pytest

from build_engines.errors import UnsuitableMachineError
from build_engines.estimates import Step, estimate, serving_bytes
from build_engines.gpus import GIB
from build_engines.machine import Machine
from build_engines.recipe import load_recipe, recipe_names
from build_engines.release import SERVING_IMAGE
from build_engines.suitability import require_suitable
from tests.build_engines.machines import machine

STEPS: tuple[Step, ...] = ("download", "quantize", "build", "compare", "serve")


def refusal(step: Step, recipe: str, here: Machine, there_already_bytes: int = 0) -> str:
    with pytest.raises(UnsuitableMachineError) as caught:
        require_suitable(step, load_recipe(recipe), here, there_already_bytes)
    return str(caught.value)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_can_be_made_and_served_on_its_gpu(name: str) -> None:
    recipe = load_recipe(name)
    for step in STEPS:
        require_suitable(step, recipe, machine(recipe.gpu_name, recipe.gpu_count))
    assert serving_bytes(recipe) < recipe.gpu.memory_bytes


def test_too_little_disk_says_how_much_to_free() -> None:
    message = refusal("build", "h100-fp8", machine(disk_free_bytes=5 * GIB))
    assert "15.2 GiB of disk are needed and 5.0 GiB are free: free 10.2 GiB" in message


def test_what_was_downloaded_before_needs_no_room_again() -> None:
    here = machine(disk_free_bytes=10 * GIB)
    assert "27.5 GiB of disk are needed" in refusal("download", "h100-fp8", here)
    require_suitable("download", load_recipe("h100-fp8"), here, there_already_bytes=20 * GIB)


def test_a_download_needs_neither_gpu_nor_tensorrt_llm() -> None:
    require_suitable("download", load_recipe("h100-fp8"), machine(gpus=0, tensorrt_llm=None))


def test_another_release_is_refused_with_the_image_to_use() -> None:
    message = refusal("build", "h100-fp8", machine(tensorrt_llm="1.1.0"))
    assert "TensorRT-LLM 1.1.0 is installed, and recipes are for 1.2.1" in message
    assert f"run in {SERVING_IMAGE}" in message
    assert "no TensorRT-LLM is installed" in refusal("build", "h100-fp8", machine(tensorrt_llm=None))


def test_another_gpu_is_refused_by_both_names() -> None:
    message = refusal("build", "h100-fp8", machine("a100"))
    assert "the recipe is for H100, and here is NVIDIA A100-SXM4-80GB" in message
    assert "here is NVIDIA H200" in refusal("quantize", "h100-fp8", machine("h200"))


def test_a_missing_gpu_is_refused() -> None:
    assert "no GPU is visible" in refusal("build", "h100-fp8", machine(gpus=0))
    assert "the recipe is for 2 GPUs, and 1 is visible" in refusal("build", "h100x2-fp8", machine())


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    busy = machine().gpus[0]
    here = machine(host_free_bytes=32 * GIB)
    message = refusal("build", "h100-fp8", replace(here, gpus=(replace(busy, free_bytes=4 * GIB),)))
    assert "82.5 GiB of host memory are needed and 32.0 GiB are available" in message
    assert "19.2 GiB of GPU memory are needed and 4.0 GiB are free" in message


def test_every_reason_is_named_at_once() -> None:
    message = refusal(
        "build", "h100-fp8", machine("a100", disk_free_bytes=0, host_free_bytes=0, tensorrt_llm=None)
    )
    assert len(message.splitlines()) == 5


def test_the_published_build_of_27_billion_parameters_is_not_underestimated() -> None:
    recipe = load_recipe("h100-fp8")
    share = recipe.model.download_bytes / 2 / 27e9
    needs = estimate("build", recipe)
    assert needs.host_bytes >= share * 148e9
    assert needs.gpu_bytes >= share * 28.8e9
    assert needs.minutes * 60 >= share * 423


def test_weights_of_the_model_have_the_published_size() -> None:
    assert load_recipe("h100-fp8").model.download_bytes == pytest.approx(29.5e9, rel=0.01)
    assert load_recipe("smoke").model.download_bytes == pytest.approx(3.44e9, rel=0.01)
