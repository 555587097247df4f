"""Where a stream of tokens ends, for an engine that does not know all of the ways in which one may end. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .request import Generation
from .sampling import Choice
from .words import ends_with_word


class TokenStream:
    """The tokens of one generation, cut where the contract ends them.

    `end_id` ends and is not delivered; a stop word ends and is; whatever an engine has computed beyond is dropped.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._tokens = list(generation.prompt)
        self._last_length = len(generation.prompt) + generation.max_output_tokens
        self.ended = False
        """Nothing that comes after this is delivered."""

    def take(self, choices: Iterable[Choice]) -> list[Choice]:
        """What is delivered of the engine's next tokens."""
        delivered = []
        for choice in choices:
            if self.ended:
                break
            if choice.token == self._generation.sampling.end_id:
                self.ended = True
                break
            self._tokens.append(choice.token)
            delivered.append(choice)
            stopped = ends_with_word(self._tokens, self._generation.stop_words)
            self.ended = stopped or len(self._tokens) == self._last_length
        return delivered
