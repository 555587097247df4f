"""A Hugging Face tokenizer written from a GGUF's own metadata, equal to llama.cpp's tokenisation.

The packaged model is a GGUF alone; pre- and postprocessing read `tokenizer.json` and `tokenizer_config.json`.
A GGUF of the byte-level BPE family (`tokenizer.ggml.model` = `gpt2`) holds all they need: tokens, token
types, merges, the name of the pre-tokenizer (as llama.cpp's llama-vocab defines it), the chat template.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from embedded.errors import FetchError

FORMAT = 1
"""Raised whenever the written files change, so that a cache made by an older version is not used."""

_CONTROL, _USER_DEFINED = 3, 4
_QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def write(gguf: Path, folder: Path) -> None:
    """Write `tokenizer.json` and `tokenizer_config.json` into `folder`.

    Raises: FetchError when the GGUF's tokenizer is of a kind that is not known here.
    """
    metadata = _metadata(gguf)
    kind, name = metadata["tokenizer.ggml.model"], metadata.get("tokenizer.ggml.pre")
    if kind != "gpt2" or name not in _PRE_TOKENIZERS:
        raise FetchError(
            f"{gguf} has a {kind!r} tokenizer with pre-tokenizer {name!r}; "
            f"known: 'gpt2' with {', '.join(_PRE_TOKENIZERS)}. Put its tokenizer.json beside it instead"
        )
    build(metadata).save(str(folder / "tokenizer.json"))
    config = json.dumps(_config(metadata), ensure_ascii=False, indent=2)
    (folder / "tokenizer_config.json").write_text(config, encoding="utf-8")


def build(metadata: dict[str, Any]) -> Tokenizer:
    """The tokenizer of the `tokenizer.ggml.*` metadata; encoding adds no special tokens of its own."""
    tokens: list[str] = metadata["tokenizer.ggml.tokens"]
    merges = [_merge(line) for line in metadata["tokenizer.ggml.merges"]]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    built = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    built.pre_tokenizer = _PRE_TOKENIZERS[metadata["tokenizer.ggml.pre"]]()
    built.decoder = decoders.ByteLevel()
    built.add_tokens(_added(tokens, metadata["tokenizer.ggml.token_type"]))
    return built


def _metadata(gguf: Path) -> dict[str, Any]:
    # Imported late: it takes a second and most runs write no tokenizer.
    from gguf import GGUFReader

    fields = GGUFReader(gguf).fields
    return {name: field.contents() for name, field in fields.items() if name.startswith("tokenizer.")}


def _merge(line: str) -> tuple[str, str]:
    left, right = line.split(" ")
    return left, right


def _added(tokens: list[str], types: list[int]) -> list[AddedToken]:
    return [
        AddedToken(token, special=kind == _CONTROL, normalized=False)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (_CONTROL, _USER_DEFINED)
    ]


def _smollm() -> pre_tokenizers.PreTokenizer:
    digits = pre_tokenizers.Digits(individual_digits=True)
    return pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])


def _qwen2() -> pre_tokenizers.PreTokenizer:
    words = pre_tokenizers.Split(Regex(_QWEN2_WORDS), behavior="isolated")
    return pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


_PRE_TOKENIZERS = {"smollm": _smollm, "qwen2": _qwen2}


def _config(metadata: dict[str, Any]) -> dict[str, Any]:
    tokens = metadata["tokenizer.ggml.tokens"]
    eos = metadata["tokenizer.ggml.eos_token_id"]
    return {
        "add_bos_token": bool(metadata.get("tokenizer.ggml.add_bos_token", False)),
        "bos_token": tokens[metadata.get("tokenizer.ggml.bos_token_id", eos)],
        "chat_template": metadata.get("tokenizer.chat_template", ""),
        "clean_up_tokenization_spaces": False,
        "eos_token": tokens[eos],
        "pad_token": tokens[metadata.get("tokenizer.ggml.padding_token_id", eos)],
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
