"""TensorRT-LLM engines from recipes: download, quantize, build, verify, compare, render (docs/decisions/0013)."""
