from __future__ import annotations

import math

import pytest

from build_engines.errors import QualityError
from build_engines.quality import Answers, Verdict, agreed_share, compare, perplexity, require_good
from build_engines.recipe import Comparison


def test_agreement_ends_at_the_first_other_token() -> None:
    assert agreed_share([1, 2, 3, 4], [1, 2, 9, 4]) == 0.5
    assert agreed_share([1, 2], [1, 2, 3, 4]) == 0.5
    assert agreed_share([1, 2, 3, 4], [1, 2]) == 0.5
    assert agreed_share([], []) == 1.0


def test_perplexity_of_even_chances_is_their_number() -> None:
    assert perplexity([math.log(1 / 8)] * 5) == pytest.approx(8)


def test_two_engines_are_compared_prompt_by_prompt() -> None:
    reference = Answers(((1, 2), (3, 4)), (-1.0, -1.0))
    verdict = compare(Answers(((1, 2), (3, 5)), (-1.1, -1.1)), reference)
    assert verdict.agreement == (1.0, 0.5)
    assert verdict.mean_agreement == 0.75
    assert verdict.perplexity_ratio == pytest.approx(math.exp(0.1))


def test_other_questions_cannot_be_compared() -> None:
    with pytest.raises(QualityError, match="not asked the same"):
        compare(Answers(((1,),), (-1.0,)), Answers(((1,), (2,)), (-1.0,)))


def test_a_good_engine_passes() -> None:
    require_good(Verdict((0.9, 0.7), 8.1, 8.0), Comparison())


def test_a_bad_engine_is_refused_with_its_numbers() -> None:
    with pytest.raises(QualityError) as caught:
        require_good(Verdict((0.1, 0.2), 12.0, 8.0), Comparison())
    assert "agree with the reference for 15% of their length, and 50% are asked for" in str(caught.value)
    assert "perplexity is 12.000 against 8.000 of the reference (1.500 times)" in str(caught.value)


def test_garbage_whose_perplexity_is_no_number_is_refused() -> None:
    with pytest.raises(QualityError, match="perplexity is nan"):
        require_good(Verdict((1.0,), math.nan, 8.0), Comparison())
