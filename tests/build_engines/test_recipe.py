from __future__ import annotations

from pathlib import Path

import pytest

from build_engines.errors import RecipeError, UnsupportedPrecisionError
from build_engines.recipe import RECIPES, load_recipe, recipe_names

H100 = (RECIPES / "h100-fp8.toml").read_text(encoding="utf-8")


def edited(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = H100
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "edited.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_there_is_a_recipe_for_every_machine_that_is_documented() -> None:
    assert recipe_names() == [
        "a100-bf16",
        "a100-int8",
        "h100-fp8",
        "h100-fp8-llmapi",
        "h100x2-fp8",
        "h200-fp8",
        "l40s-fp8",
        "smoke",
    ]


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_valid_and_says_that_it_has_not_run(name: str) -> None:
    assert load_recipe(name).status in ("not yet run on a GPU", "untested upstream")


def test_int8_is_marked_as_untested() -> None:
    assert load_recipe("a100-int8").status == "untested upstream"


@pytest.mark.parametrize("precision", ["int4_awq", "w4a8_awq"])
def test_awq_is_refused_with_the_reason(precision: str, tmp_path: Path) -> None:
    recipe = edited(tmp_path, ('precision = "fp8"', f'precision = "{precision}"'))
    with pytest.raises(UnsupportedPrecisionError) as refusal:
        load_recipe(recipe)
    assert f"precision '{precision}' is refused" in str(refusal.value)
    assert "AWQ is not supported in the TensorRT workflow" in str(refusal.value)


def test_fp8_is_refused_on_a_gpu_without_it(tmp_path: Path) -> None:
    with pytest.raises(
        UnsupportedPrecisionError, match=r"A100 \(compute capability 8.0\) has no FP8 arithmetic"
    ):
        load_recipe(edited(tmp_path, ('gpu = "h100"', 'gpu = "a100"')))


def test_an_unknown_precision_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedPrecisionError, match="'fp9' is unknown, choose one of bf16, fp8, int8_wo"):
        load_recipe(edited(tmp_path, ('precision = "fp8"', 'precision = "fp9"')))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "max_batch_size = 32",
            "max_batch_sizes = 32",
            "engine.max_batch_sizes Extra inputs are not permitted",
        ),
        ("max_batch_size = 32", "max_batch_size = 0", "engine.max_batch_size"),
        ("max_input_tokens = 7168", "max_input_tokens = 8192", "leaves no token for the output"),
        ("max_sequence_tokens = 8192", "max_sequence_tokens = 50000", "qwen3-14b knows 40960 positions"),
        ("kv_cache_tokens = 131072", "kv_cache_tokens = 131073", "multiple of 32"),
        ("kv_cache_tokens = 131072", "kv_cache_tokens = 4096", "holds not even one sequence"),
        ('gpu = "h100"', 'gpu = "h100"\ngpus = 3', "8 key-value heads cannot be split over 3"),
        ('gpu = "h100"', 'gpu = "h101"', "gpu: 'h101' is unknown, choose one of a100, h100, h200, l40s"),
        ('model = "qwen3-14b"', 'model = "qwen4"', "model: 'qwen4' is unknown"),
    ],
)
def test_values_that_do_not_go_together_are_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=message):
        load_recipe(edited(tmp_path, (old, new)))


def test_fp8_keys_need_an_fp8_engine(tmp_path: Path) -> None:
    changes = (
        ('precision = "fp8"', 'precision = "bf16"'),
        ('kv_cache_precision = "bf16"', 'kv_cache_precision = "fp8"'),
    )
    with pytest.raises(RecipeError, match="fp8 keys and values come with precision fp8 only"):
        load_recipe(edited(tmp_path, *changes))


def test_an_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match="there is no recipe h100; choose one of a100-bf16"):
        load_recipe("h100")


def test_broken_toml_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"edited.toml: .*line 1"):
        load_recipe(edited(tmp_path, ("why = ", "why ")))


LLMAPI = ('status = "not yet run on a GPU"', 'status = "not yet run on a GPU"\nbackend = "llmapi"')


def test_the_llm_api_reads_fp8_weights_as_their_authors_publish_them() -> None:
    recipe = load_recipe("h100-fp8-llmapi")
    assert recipe.source.repo_id == "Qwen/Qwen3-14B-FP8"
    assert recipe.source.revision != recipe.model.revision
    assert recipe.source_bytes < recipe.model.download_bytes * 0.6
    engine = load_recipe("h100-fp8")
    assert (engine.source, engine.source_bytes) == (engine.model, engine.model.download_bytes)


def test_the_llm_api_reads_bf16_weights_on_any_gpu(tmp_path: Path) -> None:
    recipe = load_recipe(
        edited(
            tmp_path, LLMAPI, ('gpu = "h100"', 'gpu = "a100"'), ('precision = "fp8"', 'precision = "bf16"')
        )
    )
    assert (recipe.source, recipe.source_bytes) == (recipe.model, recipe.model.download_bytes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('gpu = "h100"', 'gpu = "l40s"'), "refused for llmapi on L40S"),
        (('precision = "fp8"', 'precision = "int8_wo"'), "'int8_wo' is refused for llmapi"),
        (('model = "qwen3-14b"', 'model = "qwen3-1.7b"'), "no FP8 weights of this model"),
    ],
)
def test_what_the_llm_api_cannot_load_is_refused_with_the_reason(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(UnsupportedPrecisionError, match=message):
        load_recipe(edited(tmp_path, LLMAPI, change))


def test_an_option_of_compiled_engines_is_refused_for_the_llm_api(tmp_path: Path) -> None:
    low_latency = ("max_batch_size = 32", "max_batch_size = 32\nlow_latency_gemm = true")
    with pytest.raises(RecipeError, match="which llmapi does without"):
        load_recipe(edited(tmp_path, LLMAPI, low_latency))


def test_an_unknown_backend_names_the_known_ones(tmp_path: Path) -> None:
    unknown = (LLMAPI[0], LLMAPI[1].replace("llmapi", "vllm"))
    with pytest.raises(RecipeError, match="backend Input should be 'tensorrt' or 'llmapi'"):
        load_recipe(edited(tmp_path, unknown))


def test_only_the_llm_api_has_a_python_environment(tmp_path: Path) -> None:
    environment = ("[serving]", '[serving]\npython_environment = "/opt/environment"')
    assert load_recipe(edited(tmp_path, LLMAPI, environment)).serving.python_environment == "/opt/environment"
    with pytest.raises(RecipeError, match="the C\\+\\+ backend runs no Python"):
        load_recipe(edited(tmp_path, environment))
    relative = (environment[0], environment[1].replace("/opt/", "opt/"))
    with pytest.raises(RecipeError, match="python_environment"):
        load_recipe(edited(tmp_path, LLMAPI, relative))
