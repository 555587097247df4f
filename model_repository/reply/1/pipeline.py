"""Speaking while writing: one thread writes pieces, the caller's speaks them. Knows no model and no Triton."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Spoken:
    """Audio of a piece: int16 (n_samples,) at `sample_rate` Hz; `text` is the piece, with its first audio only."""

    text: str
    audio: NDArray[np.int16]
    sample_rate: int


Speak = Callable[[str], Iterable[tuple[NDArray[np.int16], int]]]


class _Ended:
    """The writer's last word: `error` is what stopped it."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def spoken(
    write: Iterable[str], speak: Speak, is_cancelled: Callable[[], bool], stop: Callable[[], None]
) -> Iterator[Spoken]:
    """Yield the audio of each piece of `write` while later pieces are being written.

    When `is_cancelled`, or when the caller leaves, `stop` is called once, which has to end `write` soon; the
    writer has always ended when this returns. An error of the writer is raised after the pieces before it.
    """
    # Not bounded by itself: a reply has MAX_TOKENS tokens at most, and so many pieces.
    written: queue.SimpleQueue[str | _Ended] = queue.SimpleQueue()
    writer = threading.Thread(target=_write, args=(write, written), name="writer", daemon=True)
    writer.start()
    try:
        for piece in _arriving(written, is_cancelled):
            yield from _one(piece, speak)
    finally:
        if writer.is_alive():
            stop()
        writer.join()


def _write(write: Iterable[str], written: queue.SimpleQueue[str | _Ended]) -> None:
    error: BaseException | None = None
    try:
        for piece in write:
            written.put(piece)
    except Exception as failure:
        error = failure
    finally:
        written.put(_Ended(error))


def _arriving(written: queue.SimpleQueue[str | _Ended], is_cancelled: Callable[[], bool]) -> Iterator[str]:
    while not is_cancelled():
        try:
            item = written.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
        if isinstance(item, str):
            yield item
        elif item.error is not None:
            raise item.error
        else:
            return


def _one(piece: str, speak: Speak) -> Iterator[Spoken]:
    text = piece
    for audio, sample_rate in speak(piece):
        yield Spoken(text, audio, sample_rate)
        text = ""
    if text:
        # Nothing to say (a lone mark, an emoji), but still a part of the reply.
        yield Spoken(text, np.empty(0, np.int16), 0)
