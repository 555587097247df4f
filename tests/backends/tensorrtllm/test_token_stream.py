"""Where a stream ends, whatever an engine computes beyond."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.tensorrtllm.sampling import Choice
from backends.tensorrtllm.token_stream import TokenStream
from tests.backends.tensorrtllm.generations import generation


def taken(pieces: list[list[int]], **changes: Any) -> list[int]:
    stream = TokenStream(generation(**changes))
    delivered = [stream.take([Choice(token, 0.0) for token in piece]) for piece in pieces]
    return [choice.token for piece in delivered for choice in piece]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tokens": 9}, [4, 5, 6, 7, 8]),
        ({"tokens": 2}, [4, 5]),
        ({"tokens": 9, "end_id": 6}, [4, 5]),
        ({"tokens": 9, "stop_words": ((6,),)}, [4, 5, 6]),
        ({"tokens": 9, "stop_words": ((5, 6), (8,))}, [4, 5, 6]),
        ({"tokens": 9, "stop_words": ((6, 5),)}, [4, 5, 6, 7, 8]),
        # Words are matched against the whole sequence, as TensorRT-LLM does: this one begins in the prompt.
        ({"tokens": 9, "stop_words": ((3, 4),)}, [4]),
    ],
)
def test_the_stream_ends_where_the_contract_ends_it(changes: dict[str, Any], expected: list[int]) -> None:
    assert taken([[4, 5, 6, 7, 8]], **changes) == expected
    assert taken([[4], [5], [6], [7], [8]], **changes) == expected


@given(st.lists(st.integers(1, 5), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_cut_into_pieces_or_whole_it_is_the_same(tokens: list[int], cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(tokens)]
    pieces = [tokens[start:end] for start, end in itertools.pairwise(places)]
    limits: dict[str, Any] = {"tokens": 8, "end_id": 5, "stop_words": ((1, 2), (4, 4, 4))}
    assert taken(pieces, **limits) == taken([tokens], **limits)
