"""Stop words and bad words, as the C++ backend takes them, and n-grams that must not come twice.

A word list is INT32 [2, n]: row 0 holds the token ids of all words one after the other, row 1 the end offset of
each word, padded with -1. Words are matched against the whole sequence, prompt included, as TensorRT-LLM does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import BadRequestError

Word = tuple[int, ...]


def parse_words(name: str, tensor: NDArray[np.int32]) -> tuple[Word, ...]:
    """Words of one request.

    Args:
        name: tensor name, for the message.
        tensor: [2, n] or, with the batch dimension still on, [1, 2, n].

    Raises:
        BadRequestError: wrong shape, or offsets that do not rise or point behind the ids.
    """
    rows = tensor[0] if tensor.ndim == 3 and tensor.shape[0] == 1 else tensor
    if rows.ndim != 2 or rows.shape[0] != 2:
        raise BadRequestError(f"{name}: shape {list(tensor.shape)} is not [2, n] (token ids, end offsets)")
    ids, offsets = rows[0].tolist(), rows[1].tolist()
    words, start = [], 0
    for end in offsets:
        if end < 0:
            break
        if not start < end <= len(ids):
            raise BadRequestError(
                f"{name}: end offset {end} does not follow {start} within {len(ids)} token ids"
            )
        words.append(tuple(ids[start:end]))
        start = end
    return tuple(words)


def ends_with_word(tokens: Sequence[int], words: Iterable[Word]) -> bool:
    """Whether the sequence now ends with one of the words."""
    return any(len(word) <= len(tokens) and tuple(tokens[-len(word) :]) == word for word in words)


def banned_tokens(tokens: Sequence[int], words: Iterable[Word]) -> list[int]:
    """Tokens that would complete a bad word if they came next."""
    return [word[-1] for word in words if len(word) == 1 or ends_with_word(tokens, [word[:-1]])]


def repeated_tokens(tokens: Sequence[int], size: int) -> list[int]:
    """Tokens that would make the last `size` of the sequence a run that was there before."""
    if len(tokens) < size:
        return []
    start = tuple(tokens[len(tokens) - size + 1 :])
    runs = range(len(tokens) - size + 1)
    return [tokens[at + size - 1] for at in runs if tuple(tokens[at : at + size - 1]) == start]
