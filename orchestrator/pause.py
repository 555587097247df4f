"""A pause in which a person may have finished: what was understood of the turn up to it."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from orchestrator.inference import Transcript


@dataclass
class Pause:
    """Cancelling `scope` stops the work on it, `understood` is set when its words are known or cannot be had.

    `transcript` stays None where the model failed: the whole utterance is then transcribed when it is over.
    `may_be_the_end` is set when it has lasted so long that a reply is worth beginning, or when the turn is over.
    """

    transcript: Transcript | None = None
    understood: anyio.Event = field(default_factory=anyio.Event)
    may_be_the_end: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def words(self) -> Transcript | None:
        """The transcript, when it is there."""
        await self.understood.wait()
        return self.transcript
