"""Talking through microphone and loudspeaker: both ends of the conversation run until one of them ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio

from client.ask import REPORT_INTERVAL_S
from client.conversation import Conversation
from client.errors import ClientError, ConnectionLost
from client.events import Duck, Event, ResponseDone, Unduck, VoiceResponse
from client.player import Player
from client.sound import Loudspeaker, Microphone


class Voice:
    """The reply, on a loudspeaker that is opened at the rate of the first chunk."""

    def __init__(self, sounddevice: Any) -> None:
        self._sounddevice = sounddevice
        self._loudspeaker: Loudspeaker | None = None
        self.player = Player()

    def take(self, event: Event) -> None:
        """Play, or fall silent when the reply was interrupted."""
        if isinstance(event, VoiceResponse):
            self.player.add(event)
            if self._loudspeaker is None:
                self._loudspeaker = Loudspeaker(self._sounddevice, event.sample_rate)
            self._loudspeaker.play(event.pcm)
        elif isinstance(event, Duck | Unduck):
            if self._loudspeaker is not None:
                self._loudspeaker.ducked = isinstance(event, Duck)
        elif isinstance(event, ResponseDone):
            self.player.finish(event)
            if self._loudspeaker is not None:
                self._loudspeaker.ducked = False
                if event.reason == "interrupted":
                    self._loudspeaker.drop()

    def close(self) -> None:
        """Give the loudspeaker back."""
        if self._loudspeaker is not None:
            self._loudspeaker.close()


async def talk(conversation: Conversation, sounddevice: Any, on_event: Callable[[Event], None]) -> None:
    """Talk until the server closes or the task is cancelled.

    Raises:
        DeviceMissing: no microphone or loudspeaker.
        ConnectionLost, ProtocolError: as in `Conversation`.
    """
    voice = Voice(sounddevice)
    failure: ClientError | None = None
    async with Microphone(sounddevice) as microphone, anyio.create_task_group() as tasks:
        tasks.start_soon(_send_microphone, conversation, microphone)
        tasks.start_soon(_report_playback, conversation, voice.player)
        try:
            async for event in conversation:
                on_event(event)
                voice.take(event)
        except ClientError as error:  # raised again outside, where no task group wraps it
            failure = error
        finally:
            voice.close()
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure


async def _send_microphone(conversation: Conversation, microphone: Microphone) -> None:
    with suppress(ConnectionLost):  # whoever receives says so
        async for chunk in microphone:
            await conversation.send_audio(chunk)


async def _report_playback(conversation: Conversation, player: Player) -> None:
    with suppress(ConnectionLost):
        while True:
            await anyio.sleep(REPORT_INTERVAL_S)
            if player.turn is not None and player.remaining_ms > 0:
                await conversation.report_playback(player.turn, player.played_ms)
