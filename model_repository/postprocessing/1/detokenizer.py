"""Token ids to text, nothing kept in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer


class Detokenizer:
    """A `tokenizer.json`, used backwards."""

    def __init__(self, tokenizer_json: Path, skip_special_tokens: bool) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer_json))
        self._skip_special_tokens = skip_special_tokens

    def texts(self, tokens: NDArray[np.int32], lengths: NDArray[np.int32]) -> NDArray[Any]:
        """UTF-8 text of each sequence.

        Args:
            tokens: (batch, beams, n) token ids.
            lengths: (batch, beams) how many of the n count.

        Returns:
            (batch, beams) array of bytes objects.
        """
        texts = np.empty(lengths.shape, dtype=np.object_)
        for index, length in np.ndenumerate(lengths):
            ids = tokens[index][:length].tolist()
            texts[index] = self._tokenizer.decode(ids, skip_special_tokens=self._skip_special_tokens).encode()
        return texts
