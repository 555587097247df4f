"""The choice of the next token, on logits that are written by hand."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.tensorrtllm.sampling import Sampler, Sampling

LOGITS = np.array([0.0, 1.0, 3.0, 2.0, -1.0], np.float32)


def drawn(count: int, **sampling: Any) -> list[int]:
    """Tokens drawn from LOGITS by one generation."""
    sampler = Sampler(Sampling(**sampling), prompt=[])
    return [sampler.choose(LOGITS).token for _ in range(count)]


@pytest.mark.parametrize(
    "sampling", [{}, {"temperature": 5.0}, {"temperature": 0.0, "top_k": 3}, {"top_k": 1}]
)
def test_the_choice_is_greedy_without_top_k_and_top_p_whatever_the_temperature(
    sampling: dict[str, Any],
) -> None:
    assert drawn(20, **sampling) == [2] * 20


def test_the_same_seed_draws_the_same_tokens() -> None:
    assert drawn(50, top_p=1.0, seed=7) == drawn(50, top_p=1.0, seed=7)
    assert drawn(50, top_p=1.0, seed=7) != drawn(50, top_p=1.0, seed=8)


def test_draws_follow_the_probabilities() -> None:
    counts = Counter(drawn(4000, top_p=1.0, seed=1))
    expected = np.exp(LOGITS) / np.exp(LOGITS).sum()
    for token, probability in enumerate(expected):
        assert counts[token] / 4000 == pytest.approx(probability, abs=0.03)


def test_top_k_keeps_the_most_likely() -> None:
    assert set(drawn(300, top_k=2, temperature=3.0)) == {2, 3}


def test_top_p_keeps_the_smallest_set_that_reaches_it() -> None:
    # Probabilities, highest first: 0.636, 0.234, 0.086, ...
    assert set(drawn(300, top_p=0.6)) == {2}
    assert set(drawn(300, top_p=0.8)) == {2, 3}


def test_temperature_flattens() -> None:
    cold, hot = (Counter(drawn(1000, top_p=1.0, temperature=value))[2] for value in (0.5, 4.0))
    assert cold > 800
    assert hot < 500


def test_penalties_reach_prompt_and_output() -> None:
    penalties = (
        Sampling(repetition_penalty=10),
        Sampling(presence_penalty=10),
        Sampling(frequency_penalty=10),
    )
    for penalty in penalties:
        sampler = Sampler(penalty, prompt=[2])
        assert [sampler.choose(LOGITS).token for _ in range(2)] == [3, 1]


def test_end_id_is_impossible_before_min_tokens() -> None:
    assert drawn(4, end_id=2, min_tokens=3) == [3, 3, 3, 2]


def test_a_bad_word_is_not_completed() -> None:
    assert drawn(3, bad_words=((2,),)) == [3, 3, 3]
    assert drawn(4, bad_words=((2, 2),)) == [2, 3, 2, 3]


def test_a_bias_moves_the_choice() -> None:
    assert drawn(1, embedding_bias=np.array([9, 0, 0, 0, 0], np.float32)) == [0]


def test_the_log_probability_is_that_of_the_softmax() -> None:
    choice = Sampler(Sampling(), prompt=[]).choose(LOGITS)
    assert choice.log_prob == pytest.approx(float(np.log(np.exp(3.0) / np.exp(LOGITS).sum())), rel=1e-5)


def test_logits_are_not_changed() -> None:
    logits = LOGITS.copy()
    Sampler(Sampling(temperature=2.0, presence_penalty=1.0, top_p=0.5), prompt=[1]).choose(logits)
    assert (logits == LOGITS).all()


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=40),
    st.integers(0, 50),
    st.floats(0, 1),
    st.floats(0.0625, 10),
)
def test_every_draw_is_a_token_within_top_k(
    values: list[float], top_k: int, top_p: float, temperature: float
) -> None:
    logits = np.array(values, np.float32)
    sampler = Sampler(Sampling(top_k=top_k, top_p=top_p, temperature=temperature), prompt=[])
    token = sampler.choose(logits).token
    better = int((logits > logits[token]).sum())
    assert better < (top_k or len(values))


def test_min_p_leaves_out_what_is_unlikely_beside_the_most_likely() -> None:
    # exp(2 - 3) = 0.37 and exp(1 - 3) = 0.14 of the most likely token.
    assert set(drawn(300, min_p=0.3)) == {2, 3}
    assert set(drawn(300, min_p=0.5)) == {2}
    assert set(drawn(600, min_p=0.1, top_p=0.8)) == {2, 3}


def test_typical_p_keeps_what_is_about_as_surprising_as_expected() -> None:
    # Surprise 0.45, 1.45, 2.45, …; expected 1.0 nats: token 3 (1.45) is nearer to it than token 2 (0.45).
    assert set(drawn(300, typical_p=0.2)) == {3}
    assert set(drawn(300, typical_p=0.7)) == {2, 3}


def test_top_p_decays_only_without_top_k_and_not_below_its_least() -> None:
    assert set(drawn(40, top_p=1.0, top_p_decay=0.5, top_p_min=0.7, seed=3)[2:]) == {2, 3}
    assert set(drawn(40, top_p=1.0, top_p_decay=0.5, seed=3)[2:]) == {2}
    assert set(drawn(300, top_k=4, top_p=1.0, top_p_decay=0.5)) == {0, 1, 2, 3}


def test_no_run_of_tokens_comes_twice() -> None:
    sampler = Sampler(Sampling(no_repeat_ngram_size=2), prompt=[2])
    tokens = [2, *(sampler.choose(LOGITS).token for _ in range(8))]
    runs = list(itertools.pairwise(tokens))
    assert len(set(runs)) == len(runs)


class Digits:
    """Only the tokens 0 and 1, and three of them."""

    def __init__(self) -> None:
        self.accepted: list[int] = []

    def mask(self, scores: Any) -> bool:
        scores[2:] = -np.inf
        return len(self.accepted) < 3

    def accept(self, token: int) -> None:
        self.accepted.append(token)


def test_a_guide_chooses_among_its_tokens_and_ends_when_its_text_is_complete() -> None:
    sampler = Sampler(Sampling(end_id=4), prompt=[], guide=Digits())
    assert [sampler.choose(LOGITS).token for _ in range(4)] == [1, 1, 1, 4]


def test_where_nothing_may_come_the_output_ends() -> None:
    banned = tuple((token,) for token in (0, 1))
    assert Sampler(Sampling(end_id=4, bad_words=banned), [], Digits()).choose(LOGITS).token == 4
