"""The `tts` model: its modules alone, and on the real Triton."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.model_repository.model_folder import module
from tests.model_repository.streaming import stream

edge_genders = module("tts", "edge_genders")
edge_languages = module("tts", "edge_languages")
edge_voice = module("tts", "edge_voice")
piper_genders = module("tts", "piper_genders")
piper_voice = module("tts", "piper_voice")
settings = module("tts", "settings")
speech = module("tts", "speech")
synthesizer = module("tts", "synthesizer")

SENTENCES = "It is a quarter past seven. The next bus leaves in ten minutes, and it is not raining any more."
PARAMETERS = {
    "engine": "${BEAUTYAI_TTS:-piper}",
    "voices_dir": "${BEAUTYAI_VOICES_DIR}",
    "threads": "2",
    "edge_url": "${BEAUTYAI_EDGE_URL:-}",
    "default_voice": "",
    "max_text_chars": "5000",
    "chunk_ms": "500",
    "local_workers": "2",
    "network_workers": "8",
    "max_pending": "64",
}


class Tone:
    """A voice that hums, and breaks off after `pieces` pieces if told so."""

    sample_rate = 16_000
    reads_numbers = False

    def __init__(self, name: str, language: str = "en-us", breaks_after: int | None = None) -> None:
        self.name = name
        self.language = language
        self._breaks_after = breaks_after

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        for piece, _ in enumerate(text.split(".")):
            if piece == self._breaks_after:
                raise speech.VoiceError("broken")
            yield np.full(int(20_000 / speed), piece, dtype=np.int16)


class Network:
    """Speaks every language with one voice."""

    def __init__(self, voice: Tone) -> None:
        self._voice = voice
        self.asked: list[tuple[str, str]] = []

    def listed(self) -> list[Any]:
        return []

    def choose(self, name: str, language: str) -> Tone:
        self.asked.append((name, language))
        return self._voice


def local(*voices: Tone, default: str = "") -> Any:
    return piper_voice.LocalVoices(voices, default)


def spoken_by(speaker: Any, **wanted: Any) -> list[Any]:
    utterance = speech.checked(speech.Utterance(**wanted), 5000)
    return list(speaker.speak(utterance, speaker.cast(utterance)))


def test_a_voice_is_chosen_by_name_then_by_language() -> None:
    voices = local(Tone("b", "en-gb"), Tone("a", "de-de"), Tone("c", "en-us"))
    assert voices.choose("a", "en").name == "a"
    assert voices.choose("", "en").name == "b"
    assert voices.choose("", "en-us").name == "c"
    assert voices.choose("", "en-nz").name == "b"
    assert voices.choose("", "").name == "b"


def test_a_language_without_a_voice_gets_the_default_voice_and_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert local(Tone("a", "de-de"), Tone("b")).choose("", "ar").name == "b"
    assert "no voice speaks 'ar'" in caplog.text


def test_an_unknown_voice_is_the_callers_error_and_lists_the_known_ones() -> None:
    with pytest.raises(speech.InvalidInputError, match=r"^VOICE 'x' is unknown.*a, b"):
        local(Tone("b"), Tone("a")).choose("x", "")


def test_a_folder_without_voices_fails_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(speech.VoiceError, match=str(tmp_path)):
        piper_voice.LocalVoices.load(tmp_path, 1)


def test_a_broken_voice_file_fails_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "xx.onnx").write_bytes(b"nothing")
    (tmp_path / "xx.onnx.json").write_text("{}")
    with pytest.raises(speech.VoiceError, match=r"xx\.onnx"):
        piper_voice.LocalVoices.load(tmp_path, 1)


@given(st.integers(0, 5000), st.integers(1, 700))
def test_cut_audio_joins_to_the_whole(n_samples: int, max_samples: int) -> None:
    audio = np.arange(n_samples, dtype=np.int16)
    pieces = list(speech.cut(audio, max_samples))
    assert all(0 < len(piece) <= max_samples for piece in pieces)
    assert np.array_equal(np.concatenate([audio[:0], *pieces]), audio)


@pytest.mark.parametrize("speed", [0.49, 2.01, 0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(speech.InvalidInputError, match=r"^SPEED"):
        speech.checked(speech.Utterance("hello", speed=speed), 100)


def test_a_text_over_the_limit_is_refused_and_control_characters_are_not_spoken() -> None:
    with pytest.raises(speech.InvalidInputError, match=r"^TEXT has 101 characters"):
        speech.checked(speech.Utterance("x" * 101), 100)
    assert speech.checked(speech.Utterance("a\x00b\nc\n", language="EN_us"), 100) == speech.Utterance(
        "a b\nc", language="en-us"
    )


@pytest.mark.parametrize(
    ("text", "speakable"), [("", False), (" ?!…\n", False), ("👍", False), ("7", True), ("نعم", True)]
)
def test_only_letters_and_digits_make_a_text_speakable(text: str, speakable: bool) -> None:
    assert speech.is_speakable(text) == speakable


def test_the_local_voice_takes_over_only_before_the_first_sample() -> None:
    reserve = local(Tone("reserve"))
    at_once = synthesizer.Synthesizer(reserve, Network(Tone("net", breaks_after=0)), 500)
    assert {chunk.voice for chunk in spoken_by(at_once, text="a.b")} == {"reserve"}
    later = synthesizer.Synthesizer(reserve, Network(Tone("net", breaks_after=1)), 500)
    utterance = speech.Utterance("a.b")
    chunks = later.speak(utterance, later.cast(utterance))
    assert [len(next(chunks).audio) for _ in range(3)] == [8000, 8000, 4000]
    with pytest.raises(speech.VoiceError):
        next(chunks)


def test_local_voices_are_listed_with_the_default_and_what_is_known_of_them() -> None:
    voices = synthesizer.Synthesizer(local(Tone("de_DE-x-low", "de-de"), Tone("en_US-amy-low")), None, 500)
    listed = [(each.name, each.language, each.gender, each.engine, each.default) for each in voices.voices()]
    assert listed == [
        ("de_DE-x-low", "de-de", None, "piper", False),
        ("en_US-amy-low", "en-us", "female", "piper", True),
    ]


def test_with_the_network_its_voices_come_first_and_one_of_them_is_the_default() -> None:
    network = edge_voice.EdgeVoices(None, None)
    listed = synthesizer.Synthesizer(local(Tone("en_US-joe-medium")), network, 500).voices()
    assert [each.name for each in listed if each.default] == ["en-US-AriaNeural"]
    assert (listed[0].engine, listed[-1].name, listed[-1].gender) == ("edge", "en_US-joe-medium", "male")
    arabic_men = {each.name for each in listed if each.language == "ar-sa" and each.gender == "male"}
    assert arabic_men == {"ar-SA-HamedNeural"}


def test_every_voice_that_speaks_a_language_by_itself_is_listed_and_every_listed_one_can_be_chosen() -> None:
    assert set(edge_languages.VOICE_OF_LANGUAGE.values()) <= set(edge_genders.GENDERS)
    network = edge_voice.EdgeVoices(None, None)
    assert all(network.choose(name, "").name == name for name in edge_genders.GENDERS)


@pytest.mark.parametrize(
    ("name", "gender"),
    [
        ("en_US-joe-medium", "male"),
        ("en_US-lessac-high", "female"),
        ("en_US-libritts-high", None),
        ("voice", None),
    ],
)
def test_a_gender_is_told_only_where_it_is_known(name: str, gender: str | None) -> None:
    assert piper_genders.gender_of(name) == gender


@pytest.mark.triton
def test_the_voices_are_listed_without_speaking(triton: Any) -> None:
    answer = stream(triton.grpc_url, "tts", TEXT="Not spoken.", LIST_VOICES=True)
    assert (answer.error, answer.finals, len(answer.responses)) == ("", 1, 1)
    assert set(answer.responses[0][1]) == {"VOICES"}
    (voice,) = json.loads(answer.strings("VOICES")[0])
    assert voice == {
        "name": "en_US-joe-medium",
        "language": "en-us",
        "gender": "male",
        "engine": "piper",
        "default": True,
    }
    assert stream(triton.grpc_url, "tts", TEXT="Spoken.", LIST_VOICES=False).strings("VOICE")


@pytest.mark.parametrize(
    ("key", "value"),
    [("engine", "robot"), ("threads", "0"), ("chunk_ms", "half"), ("edge_url", "http://x")],
)
def test_a_bad_parameter_is_named_at_load(key: str, value: str) -> None:
    environ = {"BEAUTYAI_VOICES_DIR": "/voices"}
    with pytest.raises(settings.SettingsError, match=key):
        settings.Settings.read({**PARAMETERS, key: value}, environ)


def test_an_unset_variable_is_named_at_load() -> None:
    with pytest.raises(settings.SettingsError, match="BEAUTYAI_VOICES_DIR"):
        settings.Settings.read(PARAMETERS, {})
    assert (
        settings.Settings.read(PARAMETERS, {"BEAUTYAI_VOICES_DIR": "/v", "BEAUTYAI_TTS": ""}).engine
        == "piper"
    )


@pytest.mark.triton
def test_sentences_come_as_short_chunks_from_a_named_voice(triton: Any) -> None:
    answer = stream(triton.grpc_url, "tts", TEXT=SENTENCES, LANGUAGE="en")
    assert (answer.error, answer.finals) == ("", 1)
    assert len(set(answer.strings("VOICE"))) == 1
    rates = {int(tensors["SAMPLE_RATE"][0, 0]) for _, tensors in answer.responses}
    assert len(rates) == 1
    rate = rates.pop()
    assert all(0 < tensors["AUDIO"].shape[1] <= rate / 2 for _, tensors in answer.responses)
    assert 4 < len(answer.audio()) / rate < 9
    assert np.abs(answer.audio()).max() > 8000


@pytest.mark.triton
def test_the_first_sentence_is_sent_before_the_last_is_made(triton: Any) -> None:
    stream(triton.grpc_url, "tts", TEXT="Ready.")
    answer = stream(triton.grpc_url, "tts", TEXT=SENTENCES + " " + SENTENCES)
    assert answer.responses[0][0] < 0.6 * answer.seconds


@pytest.mark.triton
def test_the_beginning_of_a_long_sentence_is_sent_before_its_end_is_made(triton: Any) -> None:
    sentence = SENTENCES.replace(". The", ", and the")
    stream(triton.grpc_url, "tts", TEXT="Ready.")
    answer = stream(triton.grpc_url, "tts", TEXT=sentence)
    assert answer.responses[0][0] < 0.6 * answer.seconds


@pytest.mark.triton
def test_speed_changes_the_length_and_not_the_rate(triton: Any) -> None:
    fast = stream(triton.grpc_url, "tts", TEXT=SENTENCES, SPEED=2.0)
    slow = stream(triton.grpc_url, "tts", TEXT=SENTENCES, SPEED=0.5)
    usual = stream(triton.grpc_url, "tts", TEXT=SENTENCES)
    assert len(slow.audio()) / len(usual.audio()) == pytest.approx(2, rel=0.2)
    # Piper rounds the length of each sound up to whole frames, so that twice the speed is about 1.5 times.
    assert len(usual.audio()) / len(fast.audio()) > 1.3


@pytest.mark.triton
@pytest.mark.parametrize("text", ["", "   ", " ?! … ", "👍"])
def test_nothing_to_say_is_one_final_flag(triton: Any, text: str) -> None:
    answer = stream(triton.grpc_url, "tts", TEXT=text)
    assert (answer.responses, answer.error, answer.finals) == ([], "", 1)


@pytest.mark.triton
@pytest.mark.parametrize(
    ("tensor", "wanted"),
    [("TEXT", {"TEXT": "x" * 5001}), ("VOICE", {"VOICE": "nobody"}), ("SPEED", {"SPEED": 3.0})],
)
def test_a_bad_request_is_refused_by_the_tensors_name(triton: Any, tensor: str, wanted: Any) -> None:
    answer = stream(triton.grpc_url, "tts", **{"TEXT": "hello", **wanted})
    assert tensor in answer.error.split(" ", 2)[0] + answer.error.split(" ", 2)[1]
    assert answer.responses == []


@pytest.mark.triton
def test_a_cancelled_text_leaves_the_voice_free(triton: Any) -> None:
    long_text = SENTENCES * 40
    started = stream(triton.grpc_url, "tts", TEXT=long_text, cancel_after=1)
    assert started.responses
    other = stream(triton.grpc_url, "tts", TEXT="Yes.")
    assert other.error == ""
    assert other.seconds < 3


@pytest.mark.triton
def test_texts_at_the_same_time_do_not_mix(triton: Any) -> None:
    alone = len(stream(triton.grpc_url, "tts", TEXT="One.").audio())
    lengths: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: lengths.append(len(stream(triton.grpc_url, "tts", TEXT="One.").audio()))
        )
        for _ in range(6)
    ]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lengths) == 6
    assert all(0.5 * alone < length < 2 * alone for length in lengths)
    assert time.monotonic() - start < 10
