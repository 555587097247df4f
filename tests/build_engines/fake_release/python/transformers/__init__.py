"""As much of transformers as `answering` uses: a tokenizer of 16 tokens."""

from __future__ import annotations

from typing import Any


class AutoTokenizer:
    """One token for each character, by its code modulo 16."""

    eos_token_id = 15

    @classmethod
    def from_pretrained(cls, _folder: object) -> AutoTokenizer:
        return cls()

    def encode(self, text: str) -> list[int]:
        return [number % 16 for number, _ in enumerate(text)][:40]

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> list[int]:
        assert options == {
            "add_generation_prompt": True,
            "enable_thinking": False,
            "tokenize": True,
            "return_dict": False,
        }
        return [ord(character) % 16 for character in messages[0]["content"]]
