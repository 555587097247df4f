"""llama.cpp as an engine: pieces of token sequences in, logits out.

The library is the llama.cpp inside `xllamacpp`, called through its C interface. Not through `xllamacpp.Server`: that
one streams text, and holds tokens back until they end a UTF-8 character, so the ids of all but the last token of an
emoji or a Chinese character never arrive (seen with 2026.10.11549).

Of the C structures only `llama_batch` and the first four fields of `llama_context_params` are relied on. Both are
checked at load against known values and against what llama.cpp then reports, so that another build fails to load
instead of corrupting memory.
"""

from __future__ import annotations

import ctypes
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ConfigurationError
from .guide import GUIDE_SIGNATURES, LlamaGuide
from .request import GuideText

_DEFAULT_CONTEXT_FIELDS = (512, 2048, 512, 1)
_LOG_LEVEL_ERROR = 4
_BATCH_TOKENS = 512


@dataclass(frozen=True)
class Piece:
    """Consecutive tokens of one sequence, to be computed in the next step."""

    slot: int
    position: int
    """Of the first token, counted from the start of the sequence."""
    tokens: Sequence[int]
    wants_logits: bool
    """For the last token."""


class _Opaque(ctypes.Structure):
    """A structure that only travels by value from llama.cpp back to llama.cpp; larger than any real one."""

    _fields_ = (("content", ctypes.c_uint64 * 64),)


class _ContextParams(ctypes.Structure):
    _fields_ = (
        ("n_ctx", ctypes.c_uint32),
        ("n_batch", ctypes.c_uint32),
        ("n_ubatch", ctypes.c_uint32),
        ("n_seq_max", ctypes.c_uint32),
        ("rest", ctypes.c_uint64 * 62),
    )


class _Batch(ctypes.Structure):
    _fields_ = (
        ("n_tokens", ctypes.c_int32),
        ("token", ctypes.POINTER(ctypes.c_int32)),
        ("embd", ctypes.c_void_p),
        ("pos", ctypes.POINTER(ctypes.c_int32)),
        ("n_seq_id", ctypes.POINTER(ctypes.c_int32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    )


_LogCallback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_pointer, _int32, _uint32 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_uint32

_SIGNATURES: Mapping[str, tuple[Any, ...]] = {  # name: (result, *arguments)
    "llama_log_set": (None, _LogCallback, _pointer),
    "llama_backend_init": (None,),
    "llama_model_default_params": (_Opaque,),
    "llama_context_default_params": (_ContextParams,),
    "llama_model_load_from_file": (_pointer, ctypes.c_char_p, _Opaque),
    "llama_model_free": (None, _pointer),
    "llama_model_get_vocab": (_pointer, _pointer),
    "llama_model_n_ctx_train": (_int32, _pointer),
    "llama_vocab_n_tokens": (_int32, _pointer),
    "llama_init_from_model": (_pointer, _pointer, _ContextParams),
    "llama_free": (None, _pointer),
    "llama_set_n_threads": (None, _pointer, _int32, _int32),
    "llama_n_ctx_seq": (_uint32, _pointer),
    "llama_n_batch": (_uint32, _pointer),
    "llama_n_seq_max": (_uint32, _pointer),
    "llama_get_memory": (_pointer, _pointer),
    "llama_memory_seq_cp": (None, _pointer, _int32, _int32, _int32, _int32),
    "llama_memory_seq_rm": (ctypes.c_bool, _pointer, _int32, _int32, _int32),
    "llama_batch_init": (_Batch, _int32, _int32, _int32),
    "llama_batch_free": (None, _Batch),
    "llama_decode": (_int32, _pointer, _Batch),
    "llama_get_logits_ith": (ctypes.POINTER(ctypes.c_float), _pointer, _int32),
    **GUIDE_SIGNATURES,
}

PROMPT_TOKENS = 16
"""From so many tokens in a step on all threads are worth it: that is a prompt."""


class Llama:
    """A loaded model with `slots` separate key/value caches of `context_tokens` each. Used by one thread."""

    batch_tokens = _BATCH_TOKENS

    def __init__(self, gguf: Path, slots: int, context_tokens: int, threads: int) -> None:
        """Load the model.

        Raises:
            ConfigurationError: not a model that llama.cpp reads, too large a context, or an unknown llama.cpp build.
        """
        self._library = _open_library()
        self._model = self._library.llama_model_load_from_file(
            str(gguf).encode(), self._library.llama_model_default_params()
        )
        if not self._model:
            raise ConfigurationError(f"BEAUTYAI_LLM_GGUF: llama.cpp cannot load {gguf}; see the lines above")
        trained_tokens = self._library.llama_model_n_ctx_train(self._model)
        if context_tokens > trained_tokens:
            raise ConfigurationError(
                f"BEAUTYAI_LLM_CONTEXT_TOKENS: {context_tokens} exceeds the {trained_tokens} "
                f"that {gguf.name} was trained for"
            )
        self.context_tokens = context_tokens
        self._vocabulary = self._library.llama_model_get_vocab(self._model)
        self.vocabulary_size = int(self._library.llama_vocab_n_tokens(self._vocabulary))
        self._context = self._create_context(slots, context_tokens)
        self._threads = threads
        self._memory = self._library.llama_get_memory(self._context)
        self._batch = self._library.llama_batch_init(_BATCH_TOKENS, 0, 1)

    def _create_context(self, slots: int, context_tokens: int) -> int:
        params = self._library.llama_context_default_params()
        if (params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max) != _DEFAULT_CONTEXT_FIELDS:
            raise _unknown_build("llama_context_params starts differently")
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = (
            slots * context_tokens,
            _BATCH_TOKENS,
            _BATCH_TOKENS,
            slots,
        )
        context = self._library.llama_init_from_model(self._model, params)
        if not context:
            raise ConfigurationError(
                f"no memory for BEAUTYAI_LLM_SLOTS={slots} of BEAUTYAI_LLM_CONTEXT_TOKENS={context_tokens}; lower one"
            )
        reported = (self._library.llama_n_batch(context), self._library.llama_n_seq_max(context))
        if reported != (_BATCH_TOKENS, slots) or self._library.llama_n_ctx_seq(context) < context_tokens:
            raise _unknown_build(f"it reports {reported} for a batch of {_BATCH_TOKENS} and {slots} slots")
        return int(context)

    def decode(self, pieces: Sequence[Piece]) -> dict[int, NDArray[np.float32]]:
        """Compute up to `batch_tokens` tokens in one step; a few of them with half of the threads.

        Each operation waits for its slowest thread. Where little is computed between two waits, as for single tokens,
        neighbours that take a core slow down two threads more than one.

        Returns:
            Logits (vocabulary_size,) by slot, for the pieces that want them.

        Raises:
            RuntimeError: llama.cpp refused the batch; the caches of these slots must be forgotten.
        """
        rows = self._fill(pieces)
        threads = self._threads if self._batch.n_tokens >= PROMPT_TOKENS else max(1, self._threads // 2)
        self._library.llama_set_n_threads(self._context, threads, threads)
        status = self._library.llama_decode(self._context, self._batch)
        if status != 0:
            raise RuntimeError(f"llama_decode returned {status} for {self._batch.n_tokens} tokens")
        return {slot: self._logits(row) for slot, row in rows.items()}

    def copy(self, source: int, target: int) -> None:
        """Let a slot hold what another one has cached, instead of what it held."""
        self._library.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def forget(self, slot: int, from_position: int) -> None:
        """Drop the cached tokens of a slot from a position on."""
        self._library.llama_memory_seq_rm(self._memory, slot, from_position, -1)

    def guide(self, text: GuideText) -> LlamaGuide:
        """What makes an output look as `text` says. Raises: BadRequestError."""
        return LlamaGuide(self._library, self._vocabulary, self.vocabulary_size, text)

    def close(self) -> None:
        """Free the model and every cache."""
        self._library.llama_batch_free(self._batch)
        self._library.llama_free(self._context)
        self._library.llama_model_free(self._model)

    def _fill(self, pieces: Sequence[Piece]) -> dict[int, int]:
        batch, row, rows = self._batch, 0, {}
        for piece in pieces:
            for offset, token in enumerate(piece.tokens):
                batch.token[row], batch.pos[row] = token, piece.position + offset
                batch.n_seq_id[row], batch.seq_id[row][0] = 1, piece.slot
                batch.logits[row] = 0
                row += 1
            if piece.wants_logits:
                batch.logits[row - 1] = 1
                rows[piece.slot] = row - 1
        batch.n_tokens = row
        return rows

    def _logits(self, row: int) -> NDArray[np.float32]:
        pointer = self._library.llama_get_logits_ith(self._context, row)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (self.vocabulary_size,)).copy()
        return logits


def _open_library() -> Any:
    # The extension module must be imported first: it brings the libraries that it is linked with.
    specification = importlib.util.find_spec("xllamacpp.xllamacpp")
    if specification is None or specification.origin is None:
        raise ConfigurationError(
            "the package xllamacpp is not installed in the Python that runs this backend"
        )
    library = ctypes.CDLL(specification.origin)
    for name, (result, *arguments) in _SIGNATURES.items():
        try:
            function = getattr(library, name)
        except AttributeError:
            raise _unknown_build(f"{name} is missing") from None
        function.restype, function.argtypes = result, arguments
    library.llama_log_set(_LOG_ERRORS, None)
    library.llama_backend_init()
    return library


def _log_errors(level: int, text: bytes, _: int | None) -> None:
    if level == _LOG_LEVEL_ERROR:
        print(f"llama.cpp: {text.decode(errors='replace').rstrip()}", file=sys.stderr, flush=True)


# Kept for the life of the process: llama.cpp calls it whenever it has something to say.
_LOG_ERRORS = _LogCallback(_log_errors)


def _unknown_build(difference: str) -> ConfigurationError:
    return ConfigurationError(
        f"this build of xllamacpp is not one that the backend knows: {difference}; install the locked one"
    )
