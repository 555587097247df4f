"""How far the answers of one engine are from those of another: agreement of greedy tokens, perplexity. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from build_engines.errors import QualityError
from build_engines.recipe import Comparison


@dataclass(frozen=True)
class Answers:
    """What one engine said: greedy tokens for each prompt, and the log probability of each token of a text."""

    tokens: tuple[tuple[int, ...], ...]
    log_probs: tuple[float, ...]


@dataclass(frozen=True)
class Verdict:
    """The engine beside the reference."""

    agreement: tuple[float, ...]
    """For each prompt the share of the reference's tokens before the first other one."""
    perplexity: float
    reference_perplexity: float

    @property
    def mean_agreement(self) -> float:
        return sum(self.agreement) / len(self.agreement)

    @property
    def perplexity_ratio(self) -> float:
        return self.perplexity / self.reference_perplexity


def compare(answers: Answers, reference: Answers) -> Verdict:
    """Raises: QualityError where the two did not answer the same questions."""
    if len(answers.tokens) != len(reference.tokens) or len(answers.log_probs) != len(reference.log_probs):
        raise QualityError(
            "the two engines were not asked the same; delete the comparison folder and compare again"
        )
    agreement = tuple(
        agreed_share(tokens, expected)
        for tokens, expected in zip(answers.tokens, reference.tokens, strict=True)
    )
    return Verdict(agreement, perplexity(answers.log_probs), perplexity(reference.log_probs))


def agreed_share(tokens: Sequence[int], expected: Sequence[int]) -> float:
    """The share of `expected` that `tokens` begins with; 1 for two empty answers."""
    agreed = 0
    for token, other in zip(tokens, expected, strict=False):
        if token != other:
            break
        agreed += 1
    longer = max(len(tokens), len(expected))
    return agreed / longer if longer else 1.0


def perplexity(log_probs: Sequence[float]) -> float:
    """e to the mean negative log probability (natural logarithm)."""
    return math.exp(-sum(log_probs) / len(log_probs))


def require_good(verdict: Verdict, limits: Comparison) -> None:
    """Raises: QualityError that says which limit the engine misses, and by how much."""
    problems = []
    if verdict.mean_agreement < limits.least_agreement:
        problems.append(
            f"  greedy answers agree with the reference for {verdict.mean_agreement:.0%} of their length, "
            f"and {limits.least_agreement:.0%} are asked for"
        )
    if not verdict.perplexity_ratio <= limits.most_perplexity_ratio:
        problems.append(
            f"  perplexity is {verdict.perplexity:.3f} against {verdict.reference_perplexity:.3f} of the reference "
            f"({verdict.perplexity_ratio:.3f} times), and {limits.most_perplexity_ratio} times are allowed"
        )
    if problems:
        advice = "calibrate with more samples or data of your own ([calibration]), or serve BF16"
        raise QualityError("\n".join(["the engine answers too differently:", *problems, f"  {advice}"]))
