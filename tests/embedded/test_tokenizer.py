"""The written tokenizer against llama.cpp's own, asked over its server's HTTP."""

from __future__ import annotations

import json
import random
import struct
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import xllamacpp
from tokenizers import Tokenizer

from embedded import tokenizer
from embedded.errors import FetchError
from embedded.fetch import Runtime

Tokenize = Callable[[str], list[int]]

TEXTS = [
    "Hello world",
    "  two  spaces\n\nand\tlines \n",
    "1234567 3.14 ½ ² ٣٤٥ ௧ Ⅷ ㊿ 一二三",
    "مرحبا، كيف حالك اليوم؟",
    "😀👩‍👩‍👧 🇩🇪 é e\u0301 ﬁ",
    "def f(x):\n    return x**2  # ok\r\n\tif a!=b: pass",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|> <|im_end|>x<|im_end|><|endoftext|>",
    "a<repo_name>b<reponame>c<|im_start| im_end|>",
    "I'M we'll they'd can't 'S o'clock",
    "中文分词。日本語のテスト、한국어",
    "\u00a0\u2003x\u200b\u202e",
    "it's   \n\n  end   ",
    "हिन्दी में लिखा",
    "A" * 300,
    "\x01\x7f",
    " ",
    "",
]


@contextmanager
def _llama_cpp(gguf: Path) -> Iterator[Tokenize]:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf)
    parameters.n_ctx, parameters.warmup = 64, False
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    address = server.listening_address

    def tokenize(text: str) -> list[int]:
        body = json.dumps({"content": text, "add_special": False, "parse_special": True}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/tokenize", body, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [int(token) for token in json.load(answer)["tokens"]]

    yield tokenize
    del server


def _random_texts(count: int) -> list[str]:
    rng = random.Random(0)
    ranges = [
        (32, 126),
        (32, 126),
        (0xA0, 0x2FF),
        (0x600, 0x6FF),
        (0x4E00, 0x4FFF),
        (0x1F300, 0x1F6FF),
        (9, 13),
    ]
    texts = []
    for _ in range(count):
        spans = [rng.choice(ranges) for _ in range(rng.randint(1, 40))]
        texts.append("".join(chr(rng.randint(*span)) for span in spans))
    return texts


@pytest.fixture(scope="module")
def written(runtime: Runtime) -> Tokenizer:
    return Tokenizer.from_file(str(runtime.tokenizer_dir / "tokenizer.json"))


def _differing(tokenize: Tokenize, ours: Tokenizer, texts: list[str]) -> list[str]:
    return [text for text in texts if tokenize(text) != ours.encode(text, add_special_tokens=False).ids]


def test_tokens_equal_llama_cpps(runtime: Runtime, written: Tokenizer) -> None:
    with _llama_cpp(runtime.llm_gguf) as tokenize:
        assert _differing(tokenize, written, TEXTS) == []
        assert _differing(tokenize, written, _random_texts(300)) == []


def _with_pre_tokenizer(gguf: Path, name: str, target: Path) -> Path:
    """The same model with the shorter name `name` in place of "smollm"; padding keeps the tensors aligned."""
    content = gguf.read_bytes()
    key = b"tokenizer.ggml.pre"
    value = content.index(key) + len(key) + 4
    old = struct.pack("<Q", len("smollm")) + b"smollm"
    assert content[value : value + len(old)] == old
    changed = struct.pack("<Q", len(name)) + name.encode()
    end_of_header = _tensor_data_start(gguf)
    filling = b"\0" * (len(old) - len(changed))
    target.write_bytes(
        content[:value]
        + changed
        + content[value + len(old) : end_of_header]
        + filling
        + content[end_of_header:]
    )
    return target


def _tensor_data_start(gguf: Path) -> int:
    from gguf import GGUFReader

    return int(GGUFReader(gguf).data_offset)


def test_the_qwen2_pre_tokenizer_equals_llama_cpps(runtime: Runtime, tmp_path: Path) -> None:
    gguf = _with_pre_tokenizer(runtime.llm_gguf, "qwen2", tmp_path / "qwen2.gguf")
    tokenizer.write(gguf, tmp_path)
    ours = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    with _llama_cpp(gguf) as tokenize:
        assert _differing(tokenize, ours, TEXTS) == []
        assert _differing(tokenize, ours, _random_texts(300)) == []


@pytest.mark.parametrize("text", [text for text in TEXTS if "<" not in text])
def test_decoding_gives_the_text_back(written: Tokenizer, text: str) -> None:
    assert written.decode(written.encode(text).ids) == text


def test_special_tokens_are_skipped_on_request(written: Tokenizer) -> None:
    ids = written.encode("<|im_start|>user\nHi<|im_end|>").ids
    assert written.decode(ids, skip_special_tokens=True) == "user\nHi"
    assert written.decode(ids, skip_special_tokens=False) == "<|im_start|>user\nHi<|im_end|>"


def test_the_configuration_names_the_template_and_the_special_tokens(runtime: Runtime) -> None:
    text = (runtime.tokenizer_dir / "tokenizer_config.json").read_text(encoding="utf-8")
    config = json.loads(text)
    assert config["eos_token"] == "<|im_end|>"
    assert config["pad_token"] == "<|im_end|>"
    assert "add_generation_prompt" in config["chat_template"]


def test_an_unknown_pre_tokenizer_is_refused(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(tokenizer._PRE_TOKENIZERS, "smollm")
    with pytest.raises(FetchError, match="'smollm'"):
        tokenizer.write(runtime.llm_gguf, tmp_path)
