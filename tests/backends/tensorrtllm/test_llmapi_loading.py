"""TensorRT-LLM loaded as the settings say, with a release made of small files in its place."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.tensorrtllm.errors import ConfigurationError
from backends.tensorrtllm.llmapi_loading import load_llm
from backends.tensorrtllm.llmapi_settings import read_llmapi_settings
from tests.backends.tensorrtllm.checkpoints import checkpoint, model_config

RELEASE = Path(__file__).with_name("fake_release")


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`tensorrt_llm`, importable; forgotten afterwards."""
    monkeypatch.syspath_prepend(str(RELEASE))
    monkeypatch.delenv("TRTLLM_NO_USAGE_STATS", raising=False)
    import tensorrt_llm

    yield tensorrt_llm
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorrt_llm"]:
        del sys.modules[name]


def load(folder: Path, **changes: str) -> Any:
    llm, _ = load_llm(read_llmapi_settings(model_config(checkpoint(folder), **changes)))
    llm.shutdown()
    return llm


def test_the_llm_gets_the_operators_limits(release: Any, tmp_path: Path) -> None:
    llm = load(
        tmp_path, enable_chunked_context="true", max_num_tokens="32", max_tokens_in_paged_kv_cache="128"
    )
    assert llm.arguments["model"] == str(tmp_path)
    assert llm.arguments["skip_tokenizer_init"]
    assert (llm.arguments["max_batch_size"], llm.arguments["max_seq_len"]) == (2, 64)
    assert (llm.arguments["max_num_tokens"], llm.arguments["enable_chunked_prefill"]) == (32, True)
    cache = llm.arguments["kv_cache_config"]
    assert (cache.max_tokens, cache.host_cache_size, cache.dtype) == (128, None, "auto")
    policy = llm.arguments["scheduler_config"].capacity_scheduler_policy
    assert policy == release.llmapi.CapacitySchedulerPolicy.GUARANTEED_NO_EVICT


@pytest.mark.usefixtures("release")
def test_nothing_is_reported_to_nvidia_unless_the_operator_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tmp_path)
    assert os.environ["TRTLLM_NO_USAGE_STATS"] == "1"
    monkeypatch.setenv("TRTLLM_NO_USAGE_STATS", "0")
    load(tmp_path)
    assert os.environ["TRTLLM_NO_USAGE_STATS"] == "0"


@pytest.mark.parametrize("version", ["1.2.1", "1.3.0rc25", "0.21.0"])
def test_a_release_whose_sampler_ignores_penalties_is_refused(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(release, "__version__", version)
    with pytest.raises(ConfigurationError, match=f"TensorRT-LLM {version} is older than 1.3.0rc26"):
        load(tmp_path)


@pytest.mark.parametrize("version", ["1.3.0rc26", "1.3.0rc101", "1.3.0", "1.4.0rc1", "2.0.0"])
def test_a_newer_release_is_taken(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(release, "__version__", version)
    assert load(tmp_path).shut_down


def test_a_missing_tensorrt_llm_is_the_operators_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="llmapi needs TensorRT-LLM"):
        load(tmp_path)
