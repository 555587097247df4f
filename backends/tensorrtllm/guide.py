"""JSON, or JSON of a schema, enforced while it is written: llama.cpp's bridge to llguidance as a mask over the scores.

`llama_sampler_init_llg` is C++ of llama.cpp's `common`, found in the library under its mangled name: two pointers to
text and one to the vocabulary, so no layout is relied on.
"""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BadRequestError
from .request import GuideText
from .sampling import Logits

_INIT = "_Z22llama_sampler_init_llgPK11llama_vocabPKcS3_"
_ANY_OBJECT = '{"type": "object"}'
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])  # llama_token_data


class _Candidates(ctypes.Structure):
    """`llama_token_data_array`."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("selected", ctypes.c_int64),
        ("sorted", ctypes.c_bool),
    )


GUIDE_SIGNATURES: Mapping[str, tuple[Any, ...]] = {  # name: (result, *arguments)
    _INIT: (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p),
    "llama_sampler_apply": (None, ctypes.c_void_p, ctypes.POINTER(_Candidates)),
    "llama_sampler_accept": (None, ctypes.c_void_p, ctypes.c_int32),
    "llama_sampler_free": (None, ctypes.c_void_p),
}


class LlamaGuide:
    """Which tokens may come next; of one generation, used by one thread at a time."""

    def __init__(self, library: Any, vocabulary: int, vocabulary_size: int, guide: GuideText) -> None:
        """Compile the schema.

        Raises:
            BadRequestError: it is no JSON schema, or one that llguidance does not know.
        """
        self._library = library
        schema = guide.text if guide.type == "json_schema" else _ANY_OBJECT
        _require_json(schema)
        self._sampler = getattr(library, _INIT)(vocabulary, b"json_schema", schema.encode())
        self._complete = False
        self._candidates: NDArray[Any] = np.zeros(vocabulary_size, dtype=_CANDIDATE)
        self._candidates["id"] = np.arange(vocabulary_size)
        if not self.mask(np.zeros(vocabulary_size, dtype=np.float32)):
            # A schema that cannot be compiled leaves a guide that forbids nothing; JSON cannot begin with every token.
            raise BadRequestError(
                "guided_decoding_guide: llguidance cannot follow this JSON schema; simplify it"
            )

    def __del__(self) -> None:
        if sampler := getattr(self, "_sampler", None):
            self._library.llama_sampler_free(sampler)

    def mask(self, scores: Logits) -> bool:
        """Make the score of every token minus infinity that cannot come next; False where nothing can.

        llguidance, too, forbids nothing any more once its text is complete.
        """
        self._candidates["logit"] = 0
        array = _Candidates(self._candidates.ctypes.data, len(self._candidates), -1, False)
        self._library.llama_sampler_apply(self._sampler, ctypes.byref(array))
        forbidden = np.isneginf(self._candidates["logit"])
        scores[forbidden] = -np.inf
        self._complete = not forbidden.any()
        return not self._complete

    def accept(self, token: int) -> None:
        """The token came next."""
        if not self._complete:
            self._library.llama_sampler_accept(self._sampler, token)


def _require_json(schema: str) -> None:
    try:
        json.loads(schema)
    except ValueError as error:
        raise BadRequestError(f"guided_decoding_guide: not JSON: {error}") from error
