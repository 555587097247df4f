"""What the decoder is told before it writes: earlier text, the language and task, words already agreed."""

from __future__ import annotations

from dataclasses import dataclass

from faster_whisper.tokenizer import Tokenizer

# Half of the decoder's 448 positions, less the token that announces earlier text.
MAX_CONTEXT_TOKENS = 223

# Languages written without spaces, whose text does not begin with one.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


@dataclass(frozen=True)
class Prompt:
    """`context` is text that came before, `prefix` the beginning of what is to be written."""

    tokenizer: Tokenizer
    context: tuple[int, ...]
    prefix: tuple[int, ...]

    @property
    def tokens(self) -> list[int]:
        """The whole prompt; no timestamp tokens are asked for."""
        tokenizer = self.tokenizer
        context = [tokenizer.sot_prev, *self.context] if self.context else []
        return [*context, *tokenizer.sot_sequence, tokenizer.no_timestamps, *self.prefix]


def prefix_tokens(tokenizer: Tokenizer, prefix: str) -> tuple[int, ...]:
    """Agreed words as the decoder would have written them."""
    text = prefix.strip()
    if not text:
        return ()
    return tuple(tokenizer.encode(text if tokenizer.language_code in _UNSPACED else f" {text}"))


def build(tokenizer: Tokenizer, *, prefix: str, hotwords: str, before: str) -> Prompt:
    """Names that may occur (`hotwords`), the text `before` this audio, and the agreed words.

    Where the decoder has no room for all of the context, the end of it is kept.
    """
    agreed = prefix_tokens(tokenizer, prefix)
    context = [
        token for text in (hotwords, before) if text.strip() for token in tokenizer.encode(f" {text.strip()}")
    ]
    return Prompt(tokenizer, tuple(context[-(MAX_CONTEXT_TOKENS - len(agreed)) :]), agreed)
