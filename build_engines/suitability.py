"""Whether a step can be done on a machine, asked before it starts. Pure; every reason is named at once."""

from __future__ import annotations

from build_engines.errors import UnsuitableMachineError
from build_engines.estimates import Needs, Step, estimate
from build_engines.gpus import GIB
from build_engines.machine import Machine
from build_engines.recipe import Recipe
from build_engines.release import SERVING_IMAGE, TENSORRT_LLM


def require_suitable(step: Step, recipe: Recipe, machine: Machine, there_already_bytes: int = 0) -> Needs:
    """What the step will take, if this machine has it.

    Args:
        step: what is about to start.
        recipe: for which engine.
        machine: what there is.
        there_already_bytes: of what the step will write, as much lies on the disk from an earlier attempt.

    Raises: UnsuitableMachineError with every reason.
    """
    needs = estimate(step, recipe)
    problems = (
        [] if step == "download" else [*_release(machine), *_gpu(recipe, machine), *_memory(needs, machine)]
    )
    problems += _disk(needs.disk_bytes - there_already_bytes, machine)
    if problems:
        raise UnsuitableMachineError("\n".join([f"{step} of {recipe.name} cannot start here:", *problems]))
    return needs


def _release(machine: Machine) -> list[str]:
    if machine.tensorrt_llm == TENSORRT_LLM:
        return []
    found = "no TensorRT-LLM" if machine.tensorrt_llm is None else f"TensorRT-LLM {machine.tensorrt_llm}"
    return [f"  {found} is installed, and recipes are for {TENSORRT_LLM}: run in {SERVING_IMAGE}"]


def _gpu(recipe: Recipe, machine: Machine) -> list[str]:
    wanted = recipe.gpu
    if not machine.gpus:
        return [
            f"  no GPU is visible (nvidia-smi), and {wanted.product} is needed: start the container with --gpus all"
        ]
    others = [gpu.name for gpu in machine.gpus[: recipe.gpu_count] if not _is(wanted.product, gpu.name)]
    problems = [
        f"  the recipe is for {wanted.product}, and here is {name}: choose the recipe of that GPU"
        for name in others
    ]
    if len(machine.gpus) < recipe.gpu_count:
        problems.append(f"  the recipe is for {recipe.gpu_count} GPUs, and {len(machine.gpus)} is visible")
    return problems


def _is(product: str, name: str) -> bool:
    return product in name.replace("-", " ").split()


def _memory(needs: Needs, machine: Machine) -> list[str]:
    problems = []
    if machine.host_free_bytes < needs.host_bytes:
        problems.append(
            f"  about {_gib(needs.host_bytes)} of host memory are needed "
            f"and {_gib(machine.host_free_bytes)} are available"
        )
    free = min((gpu.free_bytes for gpu in machine.gpus), default=needs.gpu_bytes)
    if free < needs.gpu_bytes:
        problems.append(
            f"  about {_gib(needs.gpu_bytes)} of GPU memory are needed and {_gib(free)} are free: "
            "stop what else runs there, or lower the recipe's limits"
        )
    return problems


def _disk(needed_bytes: int, machine: Machine) -> list[str]:
    if machine.disk_free_bytes >= needed_bytes:
        return []
    missing = needed_bytes - machine.disk_free_bytes
    return [
        f"  {_gib(needed_bytes)} of disk are needed and {_gib(machine.disk_free_bytes)} are free: "
        f"free {_gib(missing)}, or choose another --work-dir"
    ]


def _gib(number: int) -> str:
    return f"{number / GIB:.1f} GiB"
