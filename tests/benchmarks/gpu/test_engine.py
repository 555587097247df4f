from __future__ import annotations

import json
from pathlib import Path

from benchmarks.gpu.engine import described, weights_bytes

# The keys of an engine's config.json as TensorRT-LLM writes it (tensorrt_llm/builder.py, EngineConfig).
CONFIG = {
    "version": "1.2.1",
    "pretrained_config": {
        "architecture": "Qwen3ForCausalLM",
        "dtype": "bfloat16",
        "quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": None},
        "mapping": {"world_size": 2},
    },
    "build_config": {"max_batch_size": 64, "max_num_tokens": 8192, "max_seq_len": 8192},
}


def engine(folder: Path) -> Path:
    (folder / "config.json").write_text(json.dumps(CONFIG))
    for rank in range(2):
        (folder / f"rank{rank}.engine").write_bytes(bytes(1000))
    return folder


def test_the_engine_is_found_where_the_configuration_says(tmp_path: Path) -> None:
    served = described("2.68.0", {"gpt_model_path": str(engine(tmp_path))}, None)
    assert (served.weights_bytes, served.gpus) == (2000, 2)
    assert served.build["quantization"] == "FP8"
    assert served.build["max_batch_size"] == "64"
    assert "KV cache" not in served.build


def test_the_hubs_weights_are_found_as_an_engine_is(tmp_path: Path) -> None:
    quantization = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    content = {
        "architectures": ["Qwen3ForCausalLM"],
        "torch_dtype": "bfloat16",
        "quantization_config": quantization,
    }
    (tmp_path / "config.json").write_text(json.dumps(content))
    for number in range(3):
        (tmp_path / f"model-{number}.safetensors").write_bytes(bytes(1000))
    parameters = {"gpt_model_path": str(tmp_path), "tensor_parallel_size": "2"}
    served = described("2.70.0", parameters, None)
    assert (served.weights_bytes, served.gpus) == (3000, 2)
    assert served.build["quantization"] == "fp8"
    assert served.build["quantization blocks"] == "[128, 128]"


def test_the_folder_that_is_named_wins(tmp_path: Path) -> None:
    served = described("2.68.0", {"gpt_model_path": "/engines/elsewhere"}, engine(tmp_path))
    assert served.weights_bytes == 2000


def test_without_a_folder_nothing_is_known_of_the_engine() -> None:
    served = described("2.51.0", {}, None)
    assert (served.weights_bytes, dict(served.build), served.gpus) == (None, {}, 1)


def test_a_gguf_is_a_weights_file_and_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert weights_bytes(tmp_path) is None
    (tmp_path / "model.gguf").write_bytes(bytes(10))
    assert weights_bytes(tmp_path / "model.gguf") == 10
