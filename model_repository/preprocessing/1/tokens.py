"""Text to token ids, with a strict line between the template's special tokens and the same words typed by a user."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .errors import ConfigurationError

# A Unicode noncharacter: it has no meaning in any text, so it can stand for "this is not a special token".
_MARK = "\ufdd0"
_MARKED = re.compile(f"{_MARK}([0-9]+){_MARK}")


class Tokens:
    """A Hugging Face tokenizer folder: `tokenizer.json`, `tokenizer_config.json`, perhaps `generation_config.json`."""

    def __init__(self, folder: Path) -> None:
        source = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self.config: dict[str, Any] = _read_json(folder / "tokenizer_config.json")
        self._tokenizer = _bare(Tokenizer.from_str(json.dumps(source)))
        self._plain = _bare(Tokenizer.from_str(json.dumps({**source, "added_tokens": []})))
        # Longest first, so that a token is never hidden by another one that it begins with.
        self._special = sorted(
            (token["content"] for token in source.get("added_tokens", [])), key=len, reverse=True
        )
        self._specials = re.compile("|".join(map(re.escape, self._special))) if self._special else None
        self.end_id = self._id("eos_token")
        self.pad_id = self._id("pad_token") if self.config.get("pad_token") else self.end_id
        self.other_end_ids = self._other_end_ids(_read_json(folder / "generation_config.json"))

    def encode(self, text: str) -> list[int]:
        """Token ids; a special token written in the text is that token."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def mark(self, content: str) -> str:
        """Content with its special tokens marked as plain text; render it, then call `encode_marked`."""
        content = content.replace(_MARK, "")
        if self._specials is None:
            return content
        return self._specials.sub(lambda match: f"{_MARK}{self._special.index(match[0])}{_MARK}", content)

    def encode_marked(self, text: str) -> list[int]:
        """Token ids; what was marked stays plain text."""
        ids: list[int] = []
        for index, part in enumerate(_MARKED.split(text)):
            if index % 2:
                ids += self._plain.encode(self._special[int(part)], add_special_tokens=False).ids
            elif part:
                ids += self.encode(part)
        return ids

    def _id(self, name: str) -> int:
        value = self.config.get(name)
        content = value["content"] if isinstance(value, dict) else value
        token = None if content is None else self._tokenizer.token_to_id(content)
        if token is None:
            raise ConfigurationError(
                f"BEAUTYAI_TOKENIZER_DIR: {name} {content!r} is not a token of tokenizer.json"
            )
        return int(token)

    def _other_end_ids(self, generation: dict[str, Any]) -> list[int]:
        """Those of `generation_config.json`, and the padding: who writes it has nothing more to say (Qwen3 does)."""
        found = generation.get("eos_token_id", [])
        ends = [*(found if isinstance(found, list) else [found]), self.pad_id]
        return [token for token in dict.fromkeys(ends) if token != self.end_id]


def word_list(words: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Words as the `tensorrt_llm` model takes them: [2, n], token ids over end offsets, padded with 0 and -1."""
    words = [word for word in words if word]
    ids = [token for word in words for token in word] or [0]
    offsets = np.cumsum([len(word) for word in words]).tolist()
    return np.array([ids, offsets + [-1] * (len(ids) - len(offsets))], dtype=np.int32)


def _bare(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content
