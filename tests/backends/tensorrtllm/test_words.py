"""Word lists on the wire, and what they match."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.tensorrtllm.errors import BadRequestError
from backends.tensorrtllm.words import banned_tokens, ends_with_word, parse_words
from tests.model_repository.model_folder import module

word_list = module("preprocessing", "tokens").word_list


def test_words_are_cut_at_their_end_offsets() -> None:
    tensor = np.array([[7, 8, 9], [1, 3, -1]], np.int32)
    assert parse_words("stop_words_list", tensor) == ((7,), (8, 9))


def test_a_list_without_words_is_empty() -> None:
    assert parse_words("stop_words_list", np.array([[0], [-1]], np.int32)) == ()


@given(st.lists(st.lists(st.integers(0, 49151), min_size=1, max_size=5), max_size=6))
def test_what_preprocessing_writes_is_what_the_engine_reads(words: list[list[int]]) -> None:
    assert parse_words("bad_words_list", word_list(words)[np.newaxis]) == tuple(map(tuple, words))


@pytest.mark.parametrize("offsets", [[0, -1, -1], [2, 1, -1], [4, -1, -1]])
def test_offsets_that_do_not_rise_within_the_ids_are_refused(offsets: list[int]) -> None:
    with pytest.raises(BadRequestError, match=r"^stop_words_list: "):
        parse_words("stop_words_list", np.array([[1, 2, 3], offsets], np.int32))


def test_a_list_of_one_row_is_refused() -> None:
    with pytest.raises(BadRequestError, match=r"^bad_words_list: shape \[1, 3\]"):
        parse_words("bad_words_list", np.array([[1, 2, 3]], np.int32))


def test_a_sequence_ends_with_a_word_only_when_all_of_it_is_there() -> None:
    assert ends_with_word([1, 8, 9], [(8, 9)])
    assert not ends_with_word([9], [(8, 9)])
    assert not ends_with_word([8, 9, 1], [(8, 9)])


def test_only_the_token_that_would_complete_a_bad_word_is_banned() -> None:
    words = ((5,), (8, 9))
    assert banned_tokens([1, 2], words) == [5]
    assert banned_tokens([1, 8], words) == [5, 9]
