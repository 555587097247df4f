"""A session from outside: audio and messages in, protocol messages out, on scripted models."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from orchestrator import protocol
from orchestrator.audio import SAMPLE_RATE, Audio
from orchestrator.config import SessionSettings
from orchestrator.errors import BackendLost, BadSetting, ClientError, InferenceRefused
from orchestrator.history import Conversation, Entry, Journal, Memory
from orchestrator.metrics import Metrics
from orchestrator.prompt import ChatTemplate
from orchestrator.receipt import Receipt
from orchestrator.scripted import Delays, Fault, Scripted, text_of
from orchestrator.session import Session

pytestmark = pytest.mark.anyio
NO_PARTIALS = {"turn_taking": {"partial_interval_ms": 10_000}}
PLAIN_ENDS = {"turn_taking": {"semantic_endpointing": False}}
Message = TypeVar("Message", bound=protocol.ServerMessage)


def tone(ms: int) -> Audio:
    audio: Audio = (0.5 * np.sin(np.arange(ms * SAMPLE_RATE // 1000) * 0.2)).astype(np.float32)
    return audio


def silence(ms: int) -> Audio:
    return np.zeros(ms * SAMPLE_RATE // 1000, dtype=np.float32)


class Peer:
    """A session and everything it has said; the test's side of the conversation."""

    def __init__(
        self,
        session: Session,
        conversation: Conversation,
        said: list[protocol.ServerMessage],
        metrics: Metrics,
    ) -> None:
        self.session = session
        self.conversation = conversation
        self.said = said
        self.metrics = metrics

    def all(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.said if isinstance(message, kind)]

    async def until(self, kind: type[Message], count: int = 1) -> Message:
        with anyio.fail_after(5):
            while len(self.all(kind)) < count:
                await anyio.sleep(0.005)
        return self.all(kind)[count - 1]

    def metric(self, series: str) -> float:
        body, _ = self.metrics.render()
        return next(float(line.split()[-1]) for line in body.decode().splitlines() if line.startswith(series))

    async def utter(self, ms: int = 960) -> None:
        await self.session.hear(np.concatenate([tone(ms), silence(704)]))


@asynccontextmanager
async def talking(
    template: ChatTemplate,
    models: Scripted,
    settings: dict[str, Any] | None = None,
    journal: Journal | None = None,
) -> AsyncIterator[Peer]:
    """A running session whose turns end after 500 ms.

    Without settings of its own it asks for no partials, so transcripts come in script order.
    """
    said: list[protocol.ServerMessage] = []
    conversation = Conversation("test", journal=journal or Memory())
    metrics = Metrics()
    session = Session(
        inference=models,
        template=template,
        conversation=conversation,
        settings=SessionSettings().merged(PLAIN_ENDS).merged(settings or NO_PARTIALS),
        context_tokens=2048,
        metrics=metrics,
        send=said.append,
    )
    async with session:
        yield Peer(session, conversation, said, metrics)


async def test_a_spoken_turn_is_announced_transcribed_answered_and_closed(template: ChatTemplate) -> None:
    models = Scripted(transcripts=["What time is it?"], replies=["It is noon. Enjoy your lunch!"])
    async with talking(template, models) as peer:
        await peer.utter()
        done = await peer.until(protocol.ResponseDone)
        metrics = await peer.until(protocol.TurnMetrics)
    order = [message.type for message in peer.said]
    expected = ["speech_started", "speech_stopped", "final_transcript", "response_text", "voice_response"]
    assert sorted(order.index(kind) for kind in expected) == [order.index(kind) for kind in expected]
    assert done == protocol.ResponseDone(1, "It is noon. Enjoy your lunch!", "completed")
    assert "".join(text.delta for text in peer.all(protocol.ResponseText)) == done.text
    assert " ".join(voice.text for voice in peer.all(protocol.VoiceResponse) if voice.text) == done.text
    assert [voice.index for voice in peer.all(protocol.VoiceResponse)] == list(
        range(len(peer.all(protocol.VoiceResponse)))
    )
    assert metrics.voice_to_voice_ms is not None
    assert metrics.tokens == len(done.text)
    assert models.running() == []


async def test_history_goes_with_the_next_turn(template: ChatTemplate) -> None:
    models = Scripted(transcripts=["I am Ana.", "Who am I?"], replies=["Hello Ana.", "Ana."])
    async with talking(template, models) as peer:
        await peer.utter()
        await peer.until(protocol.ResponseDone)
        await peer.utter()
        await peer.until(protocol.ResponseDone, 2)
    prompt = text_of(models.of("generate")[1].asked["generation"].prompt_ids)
    places = [prompt.index(text) for text in ("I am Ana.", "Hello Ana.", "Who am I?")]
    assert places == sorted(places)


async def test_each_utterance_is_transcribed_from_its_own_audio(template: ChatTemplate) -> None:
    models = Scripted(transcripts=lambda audio: f"{len(audio)} samples")
    async with talking(template, models) as peer:
        await peer.session.hear(silence(640))
        await peer.utter(640)
        await peer.until(protocol.ResponseDone)
        await peer.utter(1280)
        await peer.until(protocol.ResponseDone, 2)
    first, second = (int(final.text.split()[0]) for final in peer.all(protocol.FinalTranscript))
    assert second - first == pytest.approx(640 * 16, abs=1024)
    assert [call.asked["partial"] for call in models.of("transcribe")][-1] is False


async def test_partials_appear_while_the_user_speaks_and_only_grow(template: ChatTemplate) -> None:
    words = ["one", "two", "three", "four", "five", "six", "seven", "eight"]
    models = Scripted(transcripts=lambda audio: " ".join(words[: len(audio) // 4000]))
    async with talking(template, models, {"turn_taking": {"partial_interval_ms": 96}}) as peer:
        for _ in range(20):
            await peer.session.hear(tone(96))
            await anyio.sleep(0.01)
        partials = peer.all(protocol.PartialTranscript)
        assert len(partials) >= 3
        stable = [partial.text[: partial.stable] for partial in partials]
        assert all(later.startswith(earlier) for earlier, later in pairwise(stable))
        assert not peer.all(protocol.FinalTranscript)
    assert all(call.asked["partial"] for call in models.of("transcribe"))


async def test_silence_never_asks_the_transcriber(template: ChatTemplate) -> None:
    models = Scripted()
    async with talking(template, models) as peer:
        await peer.session.hear(silence(60_000))
    assert models.of("transcribe") == []
    assert peer.said == []


async def test_nothing_understood_closes_the_turn_as_empty(template: ChatTemplate) -> None:
    models = Scripted(transcripts=[""])
    async with talking(template, models) as peer:
        await peer.utter()
        assert (await peer.until(protocol.ResponseDone)).reason == "empty"
    assert models.of("generate") == []


async def test_speech_over_the_reply_stops_it_and_history_keeps_what_was_heard(
    template: ChatTemplate,
) -> None:
    story = "Once upon a time there was a very long story. " * 20
    models = Scripted(transcripts=["Tell me a story.", "Stop."], replies=[story, "Fine."])
    async with talking(template, models) as peer:
        await peer.utter()
        await peer.until(protocol.VoiceResponse, 2)
        await peer.session.hear(tone(320))
        assert peer.all(protocol.Duck) == [protocol.Duck(1)]
        done = await peer.until(protocol.ResponseDone)
        assert done.reason == "interrupted"
        assert story.startswith(done.text)
        assert len(done.text) < len(story) / 2
        heard_then = len(peer.all(protocol.VoiceResponse))
        await anyio.sleep(0.05)
        assert {call.outcome for call in models.of("generate")} <= {"closed", "finished"}
        assert models.running() == []
        await peer.session.hear(silence(704))
        await peer.until(protocol.ResponseDone, 2)
    assert all(voice.turn == 2 for voice in peer.all(protocol.VoiceResponse)[heard_then:])
    assert peer.conversation.messages[1]["content"] == (f"{done.text}…" if done.text else "Fine.")


async def test_a_sound_over_the_reply_that_is_no_words_ducks_it_for_a_while_and_it_goes_on(
    template: ChatTemplate,
) -> None:
    models = Scripted(
        transcripts=["Tell me a story.", ""], replies=["Once upon a time there was a story. " * 3]
    )
    async with talking(template, models) as peer:
        await peer.utter()
        await peer.until(protocol.VoiceResponse, 2)
        await peer.session.hear(tone(320))
        assert peer.all(protocol.Duck) == [protocol.Duck(1)]
        for _ in range(4):
            await anyio.sleep(0.01)
            await peer.session.hear(silence(160))
        assert peer.all(protocol.Unduck) == [protocol.Unduck(1)]
        assert (await peer.until(protocol.ResponseDone)).reason == "completed"
    assert len(peer.all(protocol.SpeechStarted)) == 1


async def test_a_pause_prepares_the_reply_and_nothing_of_it_leaves_before_the_turn_is_over(
    template: ChatTemplate,
) -> None:
    models = Scripted(transcripts=["What time is it?"], replies=["It is noon."])
    async with talking(template, models) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(256)]))
        with anyio.fail_after(5):
            while not models.of("synthesize"):
                await anyio.sleep(0.005)
        assert [message.type for message in peer.said] == ["speech_started", "partial_transcript"]
        await peer.session.hear(silence(448))
        assert (await peer.until(protocol.ResponseDone)).text == "It is noon."
        assert (await peer.until(protocol.TurnMetrics)).prepared
    assert len(models.of("transcribe")) == len(models.of("generate")) == 1
    assert peer.metric('beautyai_prepared_replies_total{outcome="hit"}') == 1


async def test_who_goes_on_after_a_pause_is_answered_once_and_the_prepared_reply_is_closed(
    template: ChatTemplate,
) -> None:
    models = Scripted(
        transcripts=["I would like", "I would like a coffee."],
        replies=["Like what? " * 50, "Here you are."],
        delays=Delays(between_tokens=0.001),
    )
    async with talking(template, models) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(256)]))
        with anyio.fail_after(5):
            while not models.of("synthesize"):
                await anyio.sleep(0.005)
        await peer.session.hear(tone(640))
        await anyio.sleep(0.02)
        assert models.of("generate")[0].outcome == "closed"
        await peer.session.hear(silence(704))
        await peer.until(protocol.ResponseDone)
    assert peer.conversation.messages == [
        {"role": "user", "content": "I would like a coffee."},
        {"role": "assistant", "content": "Here you are."},
    ]
    assert [message.text for message in peer.all(protocol.FinalTranscript)] == ["I would like a coffee."]
    assert peer.metric('beautyai_prepared_replies_total{outcome="miss"}') == 1
    assert peer.metric("beautyai_wasted_tokens_total") > 0


@pytest.mark.parametrize(
    ("words", "probability", "ends_after_ms"),
    [("What time is it?", 0.99, 400), ("I would like a coffee and", 0.99, 1200)],
)
async def test_what_was_said_decides_how_long_a_silence_ends_the_turn(
    template: ChatTemplate, words: str, probability: float, ends_after_ms: int
) -> None:
    models = Scripted(transcripts=[words], finished=[probability])
    settings = {"turn_taking": {"semantic_endpointing": True, "partial_interval_ms": 10_000}}
    async with talking(template, models, settings) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(256)]))
        await peer.until(protocol.PartialTranscript)
        await anyio.sleep(0.02)
        for _ in range(40):
            await peer.session.hear(silence(32))
        metrics = await peer.until(protocol.TurnMetrics)
    assert metrics.end_silence_ms == pytest.approx(ends_after_ms, abs=33)


async def test_without_the_ending_model_the_turn_ends_all_the_same(template: ChatTemplate) -> None:
    models = Scripted(faults=[Fault("end_of_turn", 0, BackendLost("end_of_turn is restarting"))])
    settings = {"turn_taking": {"semantic_endpointing": True, "partial_interval_ms": 10_000}}
    async with talking(template, models, settings) as peer:
        await peer.utter()
        assert (await peer.until(protocol.ResponseDone)).reason == "completed"
        assert peer.all(protocol.Error) == []


async def test_without_eager_replies_nothing_is_asked_before_the_turn_is_over(template: ChatTemplate) -> None:
    models = Scripted()
    settings = {"turn_taking": {"eager": False, "partial_interval_ms": 10_000}}
    async with talking(template, models, settings) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(448)]))
        await anyio.sleep(0.02)
        assert models.of("transcribe") == []
        await peer.session.hear(silence(256))
        assert not (await peer.until(protocol.TurnMetrics)).prepared


async def test_a_prepared_reply_that_fails_is_told_only_when_the_turn_is_over(template: ChatTemplate) -> None:
    models = Scripted(faults=[Fault("generate", 0, BackendLost("tensorrt_llm is restarting"))])
    async with talking(template, models) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(256)]))
        with anyio.fail_after(5):
            while not models.of("generate"):
                await anyio.sleep(0.005)
        assert peer.all(protocol.Error) == []
        await peer.session.hear(silence(448))
        assert (await peer.until(protocol.ResponseDone)).reason == "failed"
    assert peer.conversation.messages == [{"role": "user", "content": "hello"}]


async def test_in_a_pause_the_engine_reads_what_was_understood_before_the_transcript_is_there(
    template: ChatTemplate,
) -> None:
    models = Scripted(transcripts=["What time", "What time is it?"], replies=["x", "It is noon."])
    settings = {"turn_taking": {"partial_interval_ms": 640}}
    async with talking(template, models, settings) as peer:
        await peer.session.hear(tone(800))
        await peer.until(protocol.PartialTranscript)
        await peer.session.hear(silence(704))
        assert (await peer.until(protocol.ResponseDone)).text == "It is noon."
    read, asked = (call.asked["generation"] for call in models.of("generate"))
    assert read.sampling.max_tokens == 1
    shared = [one for one, other in zip(read.prompt_ids, asked.prompt_ids, strict=False) if one == other]
    assert "What time" in text_of(shared)
    assert peer.conversation.messages[0]["content"] == "What time is it?"


async def test_after_a_reply_the_engine_reads_a_prompt_that_is_cut_before_it_is_asked(
    template: ChatTemplate,
) -> None:
    models = Scripted(replies=["Yes. " * 8])
    async with talking(template, models, {**NO_PARTIALS, "generation": {"history_tokens": 600}}) as peer:
        for turn in range(1, 8):
            peer.session.say("And what about this one, and all the others?")
            await peer.until(protocol.ResponseDone, turn)
            await anyio.sleep(0.02)
    asked = [call.asked["generation"] for call in models.of("generate")]
    [cut] = [index for index, generation in enumerate(asked) if generation.ahead]
    assert asked[cut].sampling.max_tokens == 1
    before, read, after = (generation.prompt_ids for generation in asked[cut - 1 : cut + 2])
    assert len(before) > len(read) < len(after)
    # All but the empty question, its end and the header of the reply.
    assert read[: len(read) - 40] == after[: len(read) - 40]
    assert peer.conversation.left_out > 0
    assert len(peer.conversation.messages) == 14


async def test_without_a_limit_to_the_history_nothing_is_read_ahead(template: ChatTemplate) -> None:
    models = Scripted()
    async with talking(template, models) as peer:
        peer.session.say("Hi")
        await peer.until(protocol.ResponseDone)
        await anyio.sleep(0.02)
    assert len(models.of("generate")) == 1


async def test_a_typed_turn_in_the_pause_is_not_answered_with_what_was_prepared_for_the_spoken_one(
    template: ChatTemplate,
) -> None:
    models = Scripted(transcripts=["spoken"], replies=["To the spoken.", "To the typed.", "To both."])
    async with talking(template, models) as peer:
        await peer.session.hear(np.concatenate([tone(960), silence(256)]))
        with anyio.fail_after(5):
            while not models.of("synthesize"):
                await anyio.sleep(0.005)
        peer.session.say("typed")
        await peer.session.hear(silence(448))
        await peer.until(protocol.ResponseDone, 2)
    prompts = [text_of(call.asked["generation"].prompt_ids) for call in models.of("generate")]
    assert "typed spoken" in prompts[-1]


async def test_barge_in_closes_the_generation_that_is_still_running(template: ChatTemplate) -> None:
    models = Scripted(
        transcripts=["Count."], replies=["One, two, three. " * 200], delays=Delays(between_tokens=0.01)
    )
    async with talking(template, models) as peer:
        await peer.utter()
        await peer.until(protocol.VoiceResponse)
        peer.session.interrupt()
        await anyio.sleep(0.02)
        (generation,) = models.of("generate")
        assert generation.outcome == "closed"
        written = len(generation.gave)
        await anyio.sleep(0.05)
        assert len(generation.gave) == written


async def test_a_typed_turn_needs_no_audio_and_replaces_the_running_reply(template: ChatTemplate) -> None:
    models = Scripted(replies=["A long answer. " * 50, "Two."])
    async with talking(template, models) as peer:
        peer.session.say("one?")
        await peer.until(protocol.VoiceResponse)
        peer.session.say("two?")
        assert (await peer.until(protocol.ResponseDone)).reason == "interrupted"
        assert (await peer.until(protocol.ResponseDone, 2)).text == "Two."
    assert peer.conversation.messages[-1] == {"role": "assistant", "content": "Two."}


async def test_thoughts_are_neither_shown_nor_spoken(template: ChatTemplate) -> None:
    models = Scripted(replies=["<think>Let me see… 2+2</think>Four."])
    async with talking(template, models) as peer:
        peer.session.say("2+2?")
        done = await peer.until(protocol.ResponseDone)
    assert done.text == "Four."
    assert [call.asked["text"] for call in models.of("synthesize")] == ["Four."]


async def test_a_lost_backend_is_one_typed_error_and_the_words_are_kept(template: ChatTemplate) -> None:
    models = Scripted(
        transcripts=["What is new?"], faults=[Fault("generate", 0, BackendLost("tensorrt_llm is restarting"))]
    )
    async with talking(template, models) as peer:
        await peer.utter()
        assert (await peer.until(protocol.ResponseDone)).reason == "failed"
        (error,) = peer.all(protocol.Error)
        assert (error.code, error.retryable, error.turn) == ("backend_lost", True, 1)
        assert peer.conversation.messages == [{"role": "user", "content": "What is new?"}]
        await peer.utter()
        assert (await peer.until(protocol.ResponseDone, 2)).reason == "completed"


async def test_a_transcript_already_shown_survives_a_failed_final_one(template: ChatTemplate) -> None:
    models = Scripted(
        transcripts=["What is"],
        faults=[Fault("transcribe", call, BackendLost("whisper is restarting")) for call in (1, 2)],
    )
    async with talking(template, models, {"turn_taking": {"partial_interval_ms": 640}}) as peer:
        await peer.session.hear(tone(800))
        await peer.until(protocol.PartialTranscript)
        await peer.session.hear(silence(704))
        assert (await peer.until(protocol.ResponseDone)).reason == "failed"
    assert peer.conversation.messages == [{"role": "user", "content": "What is"}]


async def test_a_detector_that_is_away_is_told_once_and_hearing_goes_on_after(template: ChatTemplate) -> None:
    faults = [Fault("detect", call, BackendLost("vad is restarting")) for call in range(3)]
    models = Scripted(faults=faults)
    async with talking(template, models) as peer:
        for _ in range(3):
            await peer.session.hear(tone(320))
        assert len(peer.all(protocol.Error)) == 1
        await peer.utter()
        assert (await peer.until(protocol.ResponseDone)).reason == "completed"


async def test_an_unknown_voice_is_refused_and_the_settings_stay(template: ChatTemplate) -> None:
    models = Scripted(faults=[Fault("synthesize", 0, InferenceRefused("VOICE: no voice 'nobody'"))])
    async with talking(template, models) as peer:
        with pytest.raises(BadSetting, match="nobody"):
            await peer.session.configure({"voice": "nobody", "language": "ar"})
        assert peer.session.settings.language == "auto"
        await peer.session.configure({"language": "ar"})
        assert peer.session.settings.language == "ar"


async def test_commit_ends_the_utterance_and_without_one_it_is_the_clients_error(
    template: ChatTemplate,
) -> None:
    async with talking(template, Scripted()) as peer:
        with pytest.raises(ClientError, match="commit"):
            peer.session.commit()
        await peer.session.hear(tone(640))
        peer.session.commit()
        assert (await peer.until(protocol.ResponseDone)).reason == "completed"


async def test_playback_reports_decide_what_was_heard(template: ChatTemplate) -> None:
    models = Scripted(
        replies=["one two three four five six seven eight. " * 9], delays=Delays(between_tokens=0.001)
    )
    async with talking(template, models) as peer:
        peer.session.say("count")
        await peer.until(protocol.VoiceResponse, 2)
        peer.session.played(1, 0)
        peer.session.interrupt()
        assert (await peer.until(protocol.ResponseDone)).text == ""


def hang(method: Any) -> Callable[[], Scripted]:
    return lambda: Scripted(transcripts=["hi"], faults=[Fault(method, 0, None)])


@pytest.mark.parametrize("stuck", ["transcribe", "generate", "synthesize"])
async def test_leaving_in_the_middle_of_any_stage_leaves_nothing_running(
    template: ChatTemplate, stuck: Any
) -> None:
    models = hang(stuck)()
    async with talking(template, models) as peer:
        await peer.utter()
        with anyio.fail_after(5):
            while not models.of(stuck):
                await anyio.sleep(0.005)
    assert models.running() == []


async def test_two_sessions_at_once_do_not_mix(template: ChatTemplate) -> None:
    async with (
        talking(template, Scripted(transcripts=["one"], replies=["First."])) as one,
        talking(template, Scripted(transcripts=["two"], replies=["Second."])) as two,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(one.utter)
        tasks.start_soon(two.utter)
        assert (await one.until(protocol.ResponseDone)).text == "First."
        assert (await two.until(protocol.ResponseDone)).text == "Second."
    assert one.conversation.messages != two.conversation.messages


class Patient:
    """A journal that stores when it is told to."""

    def __init__(self) -> None:
        self.kept: list[tuple[Entry, Receipt]] = []

    def keep(self, _: Conversation, entry: Entry, /) -> Receipt:
        self.kept.append((entry, Receipt()))
        return self.kept[-1][1]


async def test_words_are_acknowledged_when_they_are_stored_and_in_order(
    template: ChatTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.acknowledging.PATIENCE_SECONDS", 60)
    journal = Patient()
    async with talking(template, Scripted(transcripts=["hi"]), journal=journal) as peer:
        await peer.utter()
        with anyio.fail_after(5):
            while not journal.kept:
                await anyio.sleep(0.005)
        await anyio.sleep(0.05)
        assert not peer.all(protocol.FinalTranscript)
        assert not peer.all(protocol.ResponseText)
        journal.kept[0][1].settle()
        await peer.until(protocol.VoiceResponse)
        while len(journal.kept) < 2:
            await anyio.sleep(0.005)
        await anyio.sleep(0.05)
        assert not peer.all(protocol.ResponseDone)
        journal.kept[1][1].settle()
        await peer.until(protocol.TurnMetrics)
    kinds = [message.type for message in peer.said]
    assert kinds[kinds.index("final_transcript") + 1] == "response_text"
    assert kinds[-2:] == ["response_done", "metrics"]
    assert [(entry.role, entry.content, entry.turn, entry.language) for entry, _ in journal.kept] == [
        ("user", "hi", 1, "en"),
        ("assistant", "Hello.", 1, None),
    ]


async def test_a_database_that_stores_nothing_does_not_end_the_talk(
    template: ChatTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.acknowledging.PATIENCE_SECONDS", 0.05)
    async with talking(template, Scripted(transcripts=["hi"]), journal=Patient()) as peer:
        for turn in (1, 2):
            await peer.utter()
            assert (await peer.until(protocol.ResponseDone, turn)).reason == "completed"
    assert [(error.code, error.retryable, error.turn) for error in peer.all(protocol.Error)] == [
        ("not_stored", True, 1),
        ("not_stored", True, 2),
    ]
    assert peer.conversation.messages[2] == {"role": "user", "content": "hi"}


async def test_a_session_that_is_over_is_freed_at_once_with_its_audio(template: ChatTemplate) -> None:
    gc.disable()
    try:
        async with talking(template, Scripted()) as peer:
            await peer.utter()
            await peer.until(protocol.ResponseDone)
        session = weakref.ref(peer.session)
        del peer
        await anyio.lowlevel.checkpoint()
        assert session() is None
    finally:
        gc.enable()
