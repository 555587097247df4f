"""What every model folder must be, and that ensembles fit the models they are made of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.model_config import MODELS, REPOSITORY, config, type_name

ENSEMBLES = [model for model in MODELS if config(model).platform == "ensemble"]


def inputs(model: str) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in config(model).input}


def outputs(model: str) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in config(model).output}


def signature(model: str, tensor: Any) -> tuple[str, tuple[int, ...]]:
    """Type and shape on the wire, batch dimension included."""
    return type_name(tensor), ((-1,) if config(model).max_batch_size else ()) + tuple(tensor.dims)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_folder_has_a_version_and_batches(model: str) -> None:
    assert config(model).name in ("", model)
    assert config(model).max_batch_size >= 1
    assert (REPOSITORY / model / "1").is_dir()


@pytest.mark.parametrize("model", MODELS)
def test_a_python_model_is_glue_beside_its_work(model: str) -> None:
    if config(model).backend == "python":
        version = REPOSITORY / model / "1"
        importers = [
            path.name
            for path in version.rglob("*.py")
            if "import triton_python_backend_utils" in path.read_text()
        ]
        assert importers == ["model.py"]


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_an_ensemble_step_maps_only_tensors_that_the_model_has(ensemble: str) -> None:
    for step in config(ensemble).ensemble_scheduling.step:
        assert set(step.input_map) <= set(inputs(step.model_name))
        assert set(step.output_map) <= set(outputs(step.model_name))
        required = {name for name, tensor in inputs(step.model_name).items() if not tensor.optional}
        assert required <= set(step.input_map)


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_a_tensor_keeps_its_type_and_shape_through_an_ensemble(ensemble: str) -> None:
    made = {name: signature(ensemble, tensor) for name, tensor in inputs(ensemble).items()}
    for step in config(ensemble).ensemble_scheduling.step:
        for name, source in step.input_map.items():
            assert made[source] == signature(step.model_name, inputs(step.model_name)[name]), source
        for name, target in step.output_map.items():
            made[target] = signature(step.model_name, outputs(step.model_name)[name])
    for name, tensor in outputs(ensemble).items():
        assert made[name] == signature(ensemble, tensor), name


@pytest.mark.parametrize("ensemble", ENSEMBLES)
def test_every_input_of_an_ensemble_is_used(ensemble: str) -> None:
    used = {
        source for step in config(ensemble).ensemble_scheduling.step for source in step.input_map.values()
    }
    assert set(inputs(ensemble)) <= used


def test_pieces_of_a_stream_cannot_overtake_each_other() -> None:
    assert sum(group.count for group in config("postprocessing").instance_group) == 1
