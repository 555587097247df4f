from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.recording import Recording


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(0, 400), st.integers(0, 100))
def test_a_slice_is_what_was_appended_as_far_as_it_is_still_there(
    lengths: list[int], start: int, length: int
) -> None:
    recording = Recording(64)
    whole = np.arange(sum(lengths), dtype=np.float32)
    for index, part in enumerate(lengths):
        begin = sum(lengths[:index])
        recording.append(whole[begin : begin + part])
    expected = whole[max(start, len(whole) - 64) : start + length]
    assert recording.slice(start, start + length).tolist() == expected.tolist()


@given(st.integers(0, 200), st.integers(-20, 200), st.integers(0, 40))
def test_what_is_replaced_is_found_in_its_place_as_far_as_it_is_still_there(
    length: int, start: int, replaced: int
) -> None:
    recording = Recording(64)
    whole = np.arange(length, dtype=np.float32)
    for sample in whole:
        recording.append(sample[None])
    recording.replace(start, np.full(replaced, -1, dtype=np.float32))
    whole[max(start, 0) : max(start + replaced, 0)] = -1
    assert recording.slice(0, length).tolist() == whole[-64:].tolist()
