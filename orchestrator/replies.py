"""The replies of one session: the one that is spoken, and the one that a pause holds ready.

A prepared reply is used only where it answers exactly what is asked in the end: the same messages, language and
settings. Anything else is dropped, and a new reply is begun.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from anyio import CancelScope
from anyio.abc import TaskGroup

from orchestrator import protocol
from orchestrator.asking import generation, remembered
from orchestrator.config import SessionSettings
from orchestrator.errors import VoiceError
from orchestrator.history import Conversation, Message
from orchestrator.inference import Inference, Sampling
from orchestrator.languages import AUTO
from orchestrator.metrics import Metrics
from orchestrator.prompt import ChatTemplate
from orchestrator.speaking import Finished, Sent, Speaking
from orchestrator.timing import TurnTiming


@dataclass(frozen=True)
class Question:
    """What a reply answers, and how: two equal questions have the same reply."""

    turn: int
    messages: list[Message]
    language: str | None
    settings: SessionSettings


class Replies:
    """At most one reply is spoken and at most one held ready; `sent` and `finished` as in `Speaking`."""

    def __init__(
        self,
        *,
        inference: Inference,
        template: ChatTemplate,
        conversation: Conversation,
        context_tokens: int,
        metrics: Metrics,
        send: Callable[[protocol.ServerMessage], None],
        sent: Sent,
        finished: Finished,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.speaking: Speaking | None = None
        self._prepared: tuple[Question, Speaking] | None = None
        self._computing = CancelScope()
        self._inference = inference
        self._template = template
        self._conversation = conversation
        self._context_tokens = context_tokens
        self._metrics = metrics
        self._send = send
        self._sent = sent
        self._finished = finished
        self._clock = clock

    def prepare(
        self, tasks: TaskGroup, timing: TurnTiming, text: str, language: str, settings: SessionSettings
    ) -> None:
        """Begin the reply to `text` and hold it."""
        self.drop_prepared()
        question = self._question(timing.turn, text, language, settings)
        self._prepared = question, self._begin(tasks, timing, question)

    def warm_up(self, tasks: TaskGroup, said: str, settings: SessionSettings) -> None:
        """Let the engine compute the prompt as far as it is known; what is `said` in the end shares its beginning."""
        if said:
            messages = self._conversation.prompt(settings.system_prompt, said)
            tasks.start_soon(self._warm_up, self._new_scope(), messages, settings)

    def read_ahead(self, tasks: TaskGroup, settings: SessionSettings) -> None:
        """Where the conversation has outgrown `history_tokens`, let the engine compute what prompts keep of it.

        What goes is left out for good: were the cut sought anew with every prompt, it would move when the oldest
        messages are no longer kept. Not where a model thinks: a `/no_think` acts from the turn that it was said in.
        """
        messages = self._conversation.prompt(settings.system_prompt)
        if settings.generation.enable_thinking or not messages or messages[-1]["role"] != "assistant":
            return
        with suppress(VoiceError):
            following: list[Message] = [*messages, {"role": "user", "content": ""}]
            kept = remembered(self._template, following, settings)
            if len(kept) < len(following):
                self._conversation.leave_out(len(following) - len(kept))
                tasks.start_soon(self._warm_up, self._new_scope(), kept, settings, True)

    async def _warm_up(
        self, scope: CancelScope, messages: list[Message], settings: SessionSettings, ahead: bool = False
    ) -> None:
        with scope, suppress(VoiceError):
            asked = generation(self._template, messages, settings, self._context_tokens)
            asked = replace(asked, sampling=Sampling(max_tokens=1), ahead=ahead)
            async with aclosing(self._inference.generate(asked)) as tokens:
                async for _ in tokens:
                    pass

    def _new_scope(self) -> CancelScope:
        """Of the only prompt that is computed before it is asked: of two the engine would read the same text twice."""
        self._computing.cancel()
        self._computing = CancelScope()
        return self._computing

    def start(
        self, tasks: TaskGroup, timing: TurnTiming, language: str | None, settings: SessionSettings
    ) -> None:
        """Answer what was said last, with the reply held ready if there is one for it."""
        question = self._question(timing.turn, "", language, settings)
        if self._prepared is not None and self._prepared[0] == question:
            self.speaking, self._prepared = self._prepared[1], None
            timing.prepared = True
            self._metrics.reply_prepared(hit=True)
        else:
            self.drop_prepared()
            self.speaking = self._begin(tasks, timing, question)
        self.speaking.release()

    def sent_words(self) -> str:
        """What may be sounding in the listener's room; empty where nothing is spoken."""
        return "" if self.speaking is None else self.speaking.playback.lately(self._clock())

    def stop(self) -> None:
        """Interrupt the reply that is spoken."""
        if self.speaking is not None:
            self.speaking.finish("interrupted")

    def drop_prepared(self, turn: int | None = None) -> None:
        """End the reply that is held ready, of that turn or of any; its engine slot is free within one token."""
        if self._prepared is None or turn not in (None, self._prepared[0].turn):
            return
        wasted = self._prepared[1].drop()
        self._prepared = None
        self._metrics.reply_prepared(hit=False, wasted_tokens=wasted)

    def _question(self, turn: int, text: str, language: str | None, settings: SessionSettings) -> Question:
        messages = self._conversation.prompt(settings.system_prompt, text)
        spoken_language = language if settings.language == AUTO else settings.language
        return Question(turn, messages, spoken_language, settings)

    def _begin(self, tasks: TaskGroup, timing: TurnTiming, question: Question) -> Speaking:
        self._computing.cancel()
        speaking = Speaking(
            timing=timing,
            conversation=self._conversation,
            metrics=self._metrics,
            send=self._send,
            clock=self._clock,
            sent=self._sent,
            finished=self._ended,
        )
        tasks.start_soon(
            speaking.run,
            self._inference,
            self._template,
            question.messages,
            question.settings,
            question.language,
            self._context_tokens,
        )
        return speaking

    def _ended(self, turn: int, reason: protocol.Reason, text: str, error: VoiceError | None) -> None:
        self.speaking = None
        self._finished(turn, reason, text, error)
