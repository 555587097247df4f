from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]

from backends.tensorrtllm.llmapi_settings import read_llmapi_settings
from build_engines.__main__ import main
from build_engines.cpp_backend import READ_WITHOUT_DEFAULT
from build_engines.errors import RenderError
from build_engines.model_config import read_config
from build_engines.recipe import Recipe, load_recipe, recipe_names
from build_engines.render import render

ORIGINAL = Path(__file__).parents[2] / "model_repository"
ENGINE, TOKENIZER = Path("/engines/llm"), Path("/engines/tokenizer")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(ORIGINAL, tmp_path / "original", ignore=shutil.ignore_patterns("__pycache__"))
    )


def rendered(recipe: Recipe, repository: Path, output: Path, **overrides: str) -> Path:
    render(recipe, repository, ENGINE, TOKENIZER, output, overrides)
    return output


def change(repository: Path, old: str, new: str) -> None:
    path = repository / "tensorrt_llm" / "config.pbtxt"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


COMPILED = [name for name in recipe_names() if load_recipe(name).backend == "tensorrt"]


@pytest.mark.parametrize("name", COMPILED)
def test_the_rendered_language_model_has_the_limits_of_its_recipe(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    config = read_config(rendered(recipe, ORIGINAL, tmp_path / "rendered") / "tensorrt_llm")
    values = {key: value.string_value for key, value in config.parameters.items()}
    assert config.max_batch_size == recipe.engine.max_batch_size
    assert list(config.dynamic_batching.preferred_batch_size) == [recipe.engine.max_batch_size]
    assert values["gpt_model_path"] == "/engines/llm"
    assert values["max_tokens_in_paged_kv_cache"] == str(recipe.serving.kv_cache_tokens)
    assert 10 <= int(values["cancellation_check_period_ms"]) <= 20
    assert set(values) >= READ_WITHOUT_DEFAULT


def test_the_llm_api_gets_the_limits_of_its_recipe_and_nothing_of_the_cpp_backend(tmp_path: Path) -> None:
    recipe = load_recipe("h100-fp8-llmapi")
    config = read_config(rendered(recipe, ORIGINAL, tmp_path / "rendered") / "tensorrt_llm")
    values = {key: value.string_value for key, value in config.parameters.items()}
    assert config.backend == "tensorrtllm"
    assert config.max_batch_size == recipe.engine.max_batch_size
    assert (values["engine"], values["gpt_model_path"]) == ("llmapi", "/engines/llm")
    assert (values["max_seq_len"], values["max_num_tokens"]) == ("8192", "4096")
    assert values["max_tokens_in_paged_kv_cache"] == "131072"
    assert values["max_queue_size"] == "64"
    assert not set(values) & {"gpt_model_type", "decoding_mode", "executor_worker_path", "tokenizer_dir"}


def test_what_is_rendered_for_the_llm_api_is_what_its_engine_reads(tmp_path: Path) -> None:
    recipe, weights = load_recipe("h100-fp8-llmapi"), tmp_path / "weights"
    weights.mkdir()
    model = recipe.source
    shape = {"vocab_size": model.vocabulary_size, "max_position_embeddings": model.max_positions}
    (weights / "config.json").write_text(json.dumps(shape))
    render(recipe, ORIGINAL, weights, TOKENIZER, tmp_path / "rendered")
    config = read_config(tmp_path / "rendered" / "tensorrt_llm")
    read = json.loads(json_format.MessageToJson(config, preserving_proto_field_name=True))
    settings = read_llmapi_settings(read)
    assert (settings.model_dir, settings.max_batch_size) == (weights, recipe.engine.max_batch_size)
    assert (settings.kv_cache_tokens, settings.kv_cache_fraction) == (131072, 0.85)
    assert settings.cancel_check_seconds == 0.01
    assert settings.max_queue_size == 64


def test_the_environment_of_the_llm_api_is_its_models_alone(tmp_path: Path) -> None:
    recipe = load_recipe("h100-fp8-llmapi")
    serving = recipe.serving.model_copy(update={"python_environment": "/opt/environment"})
    output = rendered(recipe.model_copy(update={"serving": serving}), ORIGINAL, tmp_path / "rendered")
    named = {
        path.parent.name: read_config(path.parent).parameters["EXECUTION_ENV_PATH"].string_value
        for path in output.glob("*/config.pbtxt")
        if "EXECUTION_ENV_PATH" in read_config(path.parent).parameters
    }
    assert named == {"tensorrt_llm": "/opt/environment"}


def test_only_parameters_and_batch_sizes_differ_from_the_original(tmp_path: Path) -> None:
    output = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered")
    for path in sorted(ORIGINAL.glob("*/config.pbtxt")):
        before, after = read_config(path.parent), read_config(output / path.parent.name)
        for config in (before, after):
            config.ClearField("parameters")
            config.ClearField("max_batch_size")
            config.dynamic_batching.ClearField("preferred_batch_size")
        assert before == after, path.parent.name


def test_everything_but_configs_is_copied_byte_for_byte(tmp_path: Path) -> None:
    output = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered")
    for path in ORIGINAL.rglob("*"):
        if path.is_file() and path.name != "config.pbtxt" and "__pycache__" not in path.parts:
            assert (output / path.relative_to(ORIGINAL)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("recipe", ["h100-fp8", "h100-fp8-llmapi"])
def test_every_parameter_of_the_language_model_has_its_reason_beside_it(tmp_path: Path, recipe: str) -> None:
    output = rendered(load_recipe(recipe), ORIGINAL, tmp_path / "rendered")
    lines = (output / "tensorrt_llm" / "config.pbtxt").read_text(encoding="utf-8").splitlines()
    for above, line in itertools.pairwise(lines):
        if line.startswith("parameters"):
            assert above.startswith("# "), line


def test_tokenizing_models_get_the_folder_and_nothing_stays_for_the_environment_there(tmp_path: Path) -> None:
    output = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered")
    for model in ("preprocessing", "postprocessing", "reply"):
        assert read_config(output / model).parameters["tokenizer_dir"].string_value == "/engines/tokenizer"


def test_a_limit_of_the_queue_reaches_triton_and_with_it_the_engine(tmp_path: Path) -> None:
    recipe = load_recipe("h100-fp8")
    serving = recipe.serving.model_copy(update={"max_queue_size": 48})
    output = rendered(recipe.model_copy(update={"serving": serving}), ORIGINAL, tmp_path / "rendered")
    policy = read_config(output / "tensorrt_llm").dynamic_batching.default_queue_policy
    assert policy.max_queue_size == 48


def test_two_gpus_tell_how_the_server_is_started(tmp_path: Path) -> None:
    one = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "one")
    two = rendered(load_recipe("h100x2-fp8"), ORIGINAL, tmp_path / "two")
    environments = [json.loads((path / "rendered.json").read_text())["environment"] for path in (one, two)]
    assert environments == [{}, {"TRTLLM_ORCHESTRATOR": "1"}]


def test_the_command_renders_and_sets_what_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "rendered"
    arguments = [
        "render",
        "--recipe",
        "l40s-fp8",
        "--engine-dir",
        "/engines/llm",
        "--tokenizer-dir",
        "/engines/t",
    ]
    assert main([*arguments, "--output", str(output), "--set", "whisper.device=cuda"]) == 0
    assert read_config(output / "whisper").parameters["device"].string_value == "cuda"
    assert "qwen3-14b" in capsys.readouterr().out


def test_a_second_render_replaces_the_first_as_a_whole(tmp_path: Path) -> None:
    output = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered")
    (output / "vad" / "stale").write_text("")
    rendered(load_recipe("l40s-fp8"), ORIGINAL, output)
    assert not (output / "vad" / "stale").exists()
    assert read_config(output / "tensorrt_llm").max_batch_size == 16


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("whisper.devise", "whisper: there is no parameter 'devise'"),
        ("wisper.device", "'wisper.device' names no parameter of a model"),
        ("device", "'device' names no parameter of a model"),
        ("tensorrt_llm.gpt_model_path", "come from the recipe"),
    ],
)
def test_an_unknown_parameter_is_an_error_and_leaves_nothing_behind(
    target: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError, match=message):
        rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered", **{target: "x"})
    assert list(tmp_path.iterdir()) == []


def test_a_failed_render_leaves_the_last_one(tmp_path: Path) -> None:
    output = rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "rendered")
    with pytest.raises(RenderError):
        rendered(load_recipe("l40s-fp8"), ORIGINAL, output, **{"whisper.nothing": "x"})
    assert read_config(output / "tensorrt_llm").max_batch_size == 32


@pytest.mark.parametrize("recipe", ["h100-fp8", "h100-fp8-llmapi"])
def test_a_parameter_that_render_does_not_know_is_an_error(
    repository: Path, tmp_path: Path, recipe: str
) -> None:
    change(repository, '"normalize_log_probs"', '"normalise_log_probs"')
    with pytest.raises(RenderError, match="parameter normalise_log_probs is unknown to render"):
        rendered(load_recipe(recipe), repository, tmp_path / "rendered")


def test_a_parameter_that_the_repository_must_bring_and_lacks_is_an_error(
    repository: Path, tmp_path: Path
) -> None:
    change(repository, 'parameters { key: "max_queue_size", value: { string_value: "64" } }', "")
    with pytest.raises(RenderError, match="parameter max_queue_size is missing"):
        rendered(load_recipe("h100-fp8"), repository, tmp_path / "rendered")


def test_a_repository_that_was_rendered_for_another_backend_is_refused(
    repository: Path, tmp_path: Path
) -> None:
    change(repository, 'backend: "tensorrtllm"', 'backend: "python"')
    with pytest.raises(RenderError, match="backend 'python' is not tensorrtllm"):
        rendered(load_recipe("h100-fp8"), repository, tmp_path / "rendered")


def test_what_triton_cannot_parse_is_refused_with_its_place(repository: Path, tmp_path: Path) -> None:
    change(repository, "max_batch_size: 32", "max_batch_sizes: 32")
    with pytest.raises(RenderError, match=r'is no config of Triton: .*"max_batch_sizes"'):
        rendered(load_recipe("h100-fp8"), repository, tmp_path / "rendered")


def test_a_folder_that_render_did_not_write_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("mine")
    with pytest.raises(RenderError, match="was not written by render"):
        rendered(load_recipe("h100-fp8"), ORIGINAL, tmp_path / "precious")
    assert (tmp_path / "precious" / "file").read_text() == "mine"


def test_the_repository_cannot_be_rendered_into_itself(repository: Path) -> None:
    with pytest.raises(RenderError, match="choose a folder outside it"):
        rendered(load_recipe("h100-fp8"), repository, repository / "rendered")


def test_a_relative_engine_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="engine folder 'engines/llm' must be an absolute path"):
        render(load_recipe("smoke"), ORIGINAL, Path("engines/llm"), TOKENIZER, tmp_path / "rendered")
