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
