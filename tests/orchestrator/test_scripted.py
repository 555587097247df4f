from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import numpy as np
import pytest

from orchestrator.errors import BackendLost
from orchestrator.inference import Generation, Sampling, Transcription, fresh_state
from orchestrator.scripted import Delays, Fault, Scripted, ids_of, text_of

if TYPE_CHECKING:
    from orchestrator.inference import Audio, Inference

pytestmark = pytest.mark.anyio


def tone(seconds: float) -> Audio:
    n_samples = round(seconds * 16_000) // 512 * 512
    audio: Audio = (0.3 * np.sin(np.arange(n_samples) / 10)).astype(np.float32)
    return audio


def ask(max_tokens: int = 100) -> Generation:
    return Generation("g", [1], 256, 256, sampling=Sampling(max_tokens=max_tokens))


async def test_a_tone_is_speech_and_silence_is_not() -> None:
    scripted: Inference = Scripted()
    audio = np.concatenate([np.zeros(1024, dtype=np.float32), tone(0.1)])
    detection = await scripted.detect(audio, fresh_state())
    assert detection.probabilities.tolist() == [0, 0, 1, 1, 1]
    assert detection.state.shape == (320,)


async def test_scripted_detections_come_frame_by_frame() -> None:
    scripted = Scripted(detections=[0.1, 0.9])
    probabilities = (await scripted.detect(tone(0.1), fresh_state())).probabilities
    assert probabilities == pytest.approx([0.1, 0.9, 0.0])


async def test_transcripts_come_in_order_and_the_last_repeats() -> None:
    scripted = Scripted(transcripts=["one", "two"])
    assert [(await scripted.transcribe(tone(0.1))).text for _ in range(3)] == ["one", "two", "two"]


async def test_a_transcript_can_grow_with_the_audio() -> None:
    scripted = Scripted(transcripts=lambda audio: f"{len(audio)} samples")
    assert (await scripted.transcribe(tone(0.064), Transcription("de"))).text == "1024 samples"
    assert scripted.of("transcribe")[0].asked["language"] == "de"


async def test_probabilities_of_a_finished_turn_come_in_order_and_the_last_repeats() -> None:
    scripted: Inference = Scripted(finished=[0.1, 0.9])
    assert [await scripted.end_of_turn(tone(0.1)) for _ in range(3)] == [0.1, 0.9, 0.9]


async def test_a_reply_is_streamed_token_by_token_up_to_max_tokens() -> None:
    scripted = Scripted(replies=["Grüße"])
    ids = [token for piece in [p async for p in scripted.generate(ask())] for token in piece]
    assert text_of(ids) == "Grüße"
    assert [p async for p in scripted.generate(ask(max_tokens=2))] == [[71], [114]]
    assert [call.outcome for call in scripted.of("generate")] == ["finished", "finished"]


async def test_a_generation_that_is_closed_early_says_so() -> None:
    scripted = Scripted(replies=["a long reply"])
    stream = scripted.generate(ask())
    await stream.__anext__()
    assert len(scripted.running()) == 1
    await stream.aclose()
    assert scripted.of("generate")[0].outcome == "closed"
    assert not scripted.running()


async def test_a_cancelled_generation_is_closed() -> None:
    scripted = Scripted(faults=[Fault("generate", 0, None, after=1)])
    with anyio.move_on_after(0.05):
        async for _ in scripted.generate(ask()):
            pass
    assert scripted.of("generate")[0].outcome == "closed"
    assert scripted.of("generate")[0].gave == [[ord("H")]]


async def test_a_fault_hits_the_chosen_call_after_the_chosen_items() -> None:
    scripted = Scripted(faults=[Fault("generate", 1, BackendLost("gone"), after=2)])
    assert len([p async for p in scripted.generate(ask())]) == 6
    with pytest.raises(BackendLost):
        async for _ in scripted.generate(ask()):
            pass
    assert scripted.of("generate")[1].gave == [[token] for token in ids_of("He")]
    assert scripted.of("generate")[1].outcome == "failed"


async def test_speech_lasts_as_long_as_its_text_at_its_speed() -> None:
    scripted = Scripted(seconds_per_character=0.1, chunk_seconds=0.3)
    chunks = [chunk async for chunk in scripted.synthesize("ten chars!", speed=2.0, voice="joe")]
    assert [round(chunk.duration_ms) for chunk in chunks] == [300, 200]
    assert chunks[0].voice == "joe"


async def test_punctuation_alone_is_not_spoken() -> None:
    assert [chunk async for chunk in Scripted().synthesize("...")] == []


async def test_delays_are_slept_through_the_injected_clock() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    scripted = Scripted(replies=["abc"], delays=Delays(first_token=0.5, between_tokens=0.1), sleep=sleep)
    assert len([piece async for piece in scripted.generate(ask())]) == 3
    assert slept == [0.5, 0.1, 0.1, 0.0]
