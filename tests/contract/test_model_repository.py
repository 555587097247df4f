"""What every model folder must be, and that ensembles fit the models they are made of."""

from __future__ import annotations

import pytest

from production.repository import config_problems, ensemble_problems, read_configs
from tests.contract.model_config import MODELS, REPOSITORY, config


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


def test_tensors_keep_name_type_and_shape_through_every_ensemble() -> None:
    configs, unreadable = read_configs(REPOSITORY)
    assert unreadable == []
    assert list(config_problems(REPOSITORY, configs)) == []
    assert list(ensemble_problems(configs)) == []


def test_pieces_of_a_stream_cannot_overtake_each_other() -> None:
    assert sum(group.count for group in config("postprocessing").instance_group) == 1
