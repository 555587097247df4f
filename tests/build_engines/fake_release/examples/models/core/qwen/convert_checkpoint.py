"""Writes the config of an unquantized checkpoint, for Qwen3-1.7B."""

from __future__ import annotations

import json
import pathlib
import sys

SHAPE = {
    "architecture": "Qwen3ForCausalLM",
    "dtype": "bfloat16",
    "num_hidden_layers": 28,
    "hidden_size": 2048,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_size": 128,
    "vocab_size": 151936,
    "mapping": {"world_size": 1, "tp_size": 1, "pp_size": 1},
}

if __name__ == "__main__":
    options = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    config = SHAPE | {"quantization": {"quant_algo": None, "kv_cache_quant_algo": None}}
    (pathlib.Path(options["--output_dir"]) / "config.json").write_text(json.dumps(config))
