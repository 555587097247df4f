"""The `whisper` model on real weights: alone, and on the real Triton against faster-whisper itself."""

from __future__ import annotations

import json
import os
import wave
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from tests.model_repository.model_folder import REPOSITORY, module
from tests.model_repository.word_errors import word_errors, words

settings = module("whisper", "settings")
utterance = module("whisper", "utterance")
whisper = module("whisper", "whisper")

F32 = np.float32
QUILTER = "en/libri_1272-128104-0000.wav"
RESTORATIVE = "en/libri_84-121123-0004.wav"
PARAMETERS = {
    "model_dir": "${BEAUTYAI_WHISPER_DIR}",
    "device": "${BEAUTYAI_WHISPER_DEVICE:-cpu}",
    "compute_type": "${BEAUTYAI_WHISPER_COMPUTE_TYPE:-int8}",
    "threads": "${BEAUTYAI_WHISPER_THREADS:-2}",
    "window_seconds": "15",
    "partial_window_seconds": "5",
    "beam_size": "1",
    "temperatures": "0,0.4,0.8",
    "best_of": "2",
    "compression_ratio_threshold": "2.4",
    "avg_logprob_threshold": "-1",
    "no_speech_threshold": "0.6",
    "max_audio_seconds": "60",
}
_INPUT_TYPES = {str: ("BYTES", np.object_), bool: ("BOOL", np.bool_), float: ("FP32", np.float32)}


@dataclass(frozen=True)
class Answer:
    """The outputs of one request."""

    text: str
    language: str
    no_speech_probability: float
    avg_logprob: float
    segments: list[dict[str, Any]]


class Client:
    """The `whisper` model over gRPC."""

    def __init__(self, grpc_url: str) -> None:
        self._client = grpcclient.InferenceServerClient(grpc_url)

    def ask(self, audio: NDArray[np.float32], **options: str | float | bool) -> Answer:
        inputs = [_input("AUDIO", audio[None], "FP32")]
        for name, value in options.items():
            datatype, dtype = _INPUT_TYPES[type(value)]
            content = value.encode() if isinstance(value, str) else value
            inputs.append(_input(name, np.array([[content]], dtype), datatype))
        result = self._client.infer("whisper", inputs)
        text, language, segments = (
            result.as_numpy(n)[0, 0].decode() for n in ("TEXT", "LANGUAGE", "SEGMENTS")
        )
        no_speech, logprob = (
            float(result.as_numpy(n)[0, 0]) for n in ("NO_SPEECH_PROBABILITY", "AVG_LOGPROB")
        )
        return Answer(text, language, no_speech, logprob, json.loads(segments))


def _input(name: str, array: NDArray[Any], datatype: str) -> grpcclient.InferInput:
    tensor = grpcclient.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def read(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path)) as clip:
        return (np.frombuffer(clip.readframes(clip.getnframes()), np.int16) / 32_768).astype(F32)


@pytest.fixture(scope="module")
def model_dir() -> Path:
    return Path(os.environ["BEAUTYAI_WHISPER_DIR"])


@pytest.fixture(scope="module")
def model(model_dir: Path) -> Any:
    environment = {"BEAUTYAI_WHISPER_DIR": str(model_dir)}
    return whisper.Whisper(settings.Settings.parse(PARAMETERS, environment))


@pytest.fixture(scope="module")
def client(triton: Any) -> Client:
    return Client(triton.grpc_url)


@pytest.fixture(scope="module")
def english(speech: Path) -> list[tuple[Path, str, str]]:
    """Every English clip whose text is certain, noisy ones too, with that text and its group."""
    clips = [json.loads(line) for line in (speech / "manifest.jsonl").open()]
    certain = ("official-reference", "expected-string-in-project-tests")
    return [
        (speech / clip["file"], clip["text"], clip["group"])
        for clip in clips
        if clip["language"] == "en" and clip["transcript_quality"] in certain
    ]


def transcribed(model: Any, *utterances: Any) -> list[Any]:
    for each in utterances:
        model.check(each)
    return list(model.transcribe(utterances))


def test_the_parameters_are_those_of_the_config() -> None:
    config = (REPOSITORY / "whisper" / "config.pbtxt").read_text()
    for name, value in PARAMETERS.items():
        assert f'key: "{name}" value {{ string_value: "{value}" }}' in config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window_seconds", "31"),
        ("partial_window_seconds", "0"),
        ("temperatures", "0.2,0.4"),
        ("device", "tpu"),
        ("beam_size", ""),
    ],
)
def test_a_bad_parameter_fails_at_load(model_dir: Path, name: str, value: str) -> None:
    environment = {"BEAUTYAI_WHISPER_DIR": str(model_dir)}
    with pytest.raises(settings.SettingsError, match=f"^{name}"):
        settings.Settings.parse({**PARAMETERS, name: value}, environment)


def test_a_folder_without_weights_fails_at_load(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"^model_dir: .* lacks model.bin"):
        settings.Settings.parse(PARAMETERS, {"BEAUTYAI_WHISPER_DIR": str(tmp_path)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"audio": np.zeros(0, F32)}, "AUDIO: empty"),
        ({"audio": np.full(16_000, np.inf, F32)}, "AUDIO: holds NaN"),
        ({"audio": np.zeros(61 * 16_000, F32)}, "AUDIO: 61.0 s"),
        ({"language": "xx"}, "LANGUAGE: 'xx' is no language"),
        ({"task": "sing"}, "TASK: 'sing'"),
        ({"temperature": 1.5}, "TEMPERATURE: 1.5"),
        ({"temperature": float("nan")}, "TEMPERATURE: nan"),
        ({"window_seconds": 31.0}, "WINDOW_SECONDS: 31"),
        ({"window_seconds": float("nan")}, "WINDOW_SECONDS: nan"),
        ({"prompt": "a" * 5_000}, "PROMPT: 5000 characters"),
        ({"prefix": "a b " * 200}, "PREFIX: 223 tokens"),
        ({"audio": np.zeros(31 * 16_000, F32), "prefix": "so"}, "PREFIX: only audio of up to 30 s"),
    ],
)
def test_bad_input_is_refused_by_name(model: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(utterance.InvalidInputError, match=f"^{message}"):
        model.check(utterance.Utterance(**{"audio": np.zeros(16_000, F32), **changes}))


def test_a_model_of_english_alone_refuses_to_translate_and_other_languages_by_name() -> None:
    for changes, message in (
        ({"task": "translate"}, "TASK: 'translate', but the loaded Whisper model knows English only"),
        ({"language": "de"}, "LANGUAGE: 'de', but the loaded Whisper model knows English only"),
    ):
        asked = utterance.Utterance(np.zeros(16_000, F32), **changes)
        with pytest.raises(utterance.InvalidInputError, match=f"^{message}"):
            utterance.check(asked, frozenset({"en"}), 60)


def test_a_temperature_is_told_with_the_text_that_was_sampled_at_it(model: Any, speech: Path) -> None:
    clip = read(speech / QUILTER)
    greedy, sampled = transcribed(
        model,
        utterance.Utterance(clip, language="en"),
        utterance.Utterance(clip, language="en", temperature=0.2),
    )
    assert [segment.temperature for segment in (*greedy.segments, *sampled.segments)] == [0.0, 0.2]
    assert "apostle" in sampled.text


def test_a_batch_of_different_lengths_languages_and_prompts_gives_each_its_own_text(
    model: Any, speech: Path
) -> None:
    quilter, restorative = read(speech / QUILTER), read(speech / RESTORATIVE)
    texts = [
        transcript.text
        for transcript in transcribed(
            model,
            utterance.Utterance(quilter),
            utterance.Utterance(restorative, language="en", hotwords="d'Avrigny"),
            utterance.Utterance(quilter, language="en", prefix="Mr. Quilter is the"),
            utterance.Utterance(restorative, window_seconds=30),
            utterance.Utterance(np.zeros(8_000, F32), window_seconds=1),
        )
    ]
    assert texts[0].startswith("Mr. Quilter is the apostle")
    assert "d'avrigny rushed towards" in texts[1].lower()
    assert texts[2].startswith(" apostle of the middle classes")
    assert texts[3].endswith("powerful restorative.")
    assert texts[4] == ""


def test_a_prefix_is_not_said_again_and_nothing_is_added_when_all_is_agreed(model: Any, speech: Path) -> None:
    audio = read(speech / QUILTER)
    [whole] = transcribed(model, utterance.Utterance(audio))
    spoken = whole.text.split(" ")
    agreed = [" ".join(spoken[:n]) for n in (1, 4, 9, len(spoken))]
    rests = transcribed(
        model, *(utterance.Utterance(audio, language="en", prefix=prefix) for prefix in agreed)
    )
    assert [prefix + rest.text for prefix, rest in zip(agreed, rests, strict=True)] == [whole.text] * 4


def played_backwards(speech: Path) -> NDArray[np.float32]:
    """Three seconds that sound like speech and that no attempt can write down."""
    return read(speech / QUILTER)[::-1][:48_000].copy()


def test_without_fallback_a_doubted_text_is_not_decoded_again(
    model: Any, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_clips: list[int] = []
    generate = model._network.generate

    def counted(encoded: Any, *args: Any, **options: Any) -> Any:
        decoded_clips.append(len(encoded))
        return generate(encoded, *args, **options)

    monkeypatch.setattr(model._network, "generate", counted)
    clear, doubted = read(speech / QUILTER), played_backwards(speech)
    transcripts = transcribed(
        model,
        utterance.Utterance(clear, language="en", fallback=False),
        utterance.Utterance(doubted, language="en", fallback=False, word_timestamps=True),
        utterance.Utterance(doubted, language="en"),
    )
    assert decoded_clips == [1, 2, 1, 1, 1]
    assert transcripts[0].text.startswith("Mr. Quilter is the apostle")
    assert "".join(word.word for word in transcripts[1].segments[0].words).strip() == transcripts[1].text


def test_partials_share_a_tight_window_and_come_after_final_transcripts(
    model: Any, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[tuple[int, int]] = []
    encode = model._network.encode

    def counted(audios: Any, window_seconds: int) -> Any:
        encoded.append((len(audios), window_seconds))
        return encode(audios, window_seconds)

    monkeypatch.setattr(model._network, "encode", counted)
    audio = read(speech / QUILTER)
    asked = [
        utterance.Utterance(audio[:40_000], language="en", fallback=False),
        utterance.Utterance(audio, language="en", fallback=False, prefix="Mr. Quilter"),
        utterance.Utterance(audio, language="en"),
    ]
    answered = [index for index, _ in model.answers(asked)]
    assert encoded == [(1, 15), (2, 8)]
    assert answered[0] == 2


def test_without_fallback_a_loop_is_said_once(model: Any, speech: Path) -> None:
    syllable = read(speech / QUILTER)[16_000:20_000]
    [transcript] = transcribed(
        model, utterance.Utterance(np.tile(syllable, 16), language="en", fallback=False)
    )
    assert len(transcript.text) < 20


def test_what_is_certain_is_answered_before_the_doubted_is_decoded_again(model: Any, speech: Path) -> None:
    clips = [played_backwards(speech), read(speech / QUILTER)]
    answers = model.answers([utterance.Utterance(clip, language="en") for clip in clips])
    assert [index for index, _ in answers] == [1, 0]


def test_english_only_weights_answer_en_and_refuse_other_languages(speech: Path) -> None:
    folder = os.environ["BEAUTYAI_WHISPER_TINY_EN_DIR"]
    english_only = whisper.Whisper(settings.Settings.parse({**PARAMETERS, "model_dir": folder}, {}))
    audio = read(speech / QUILTER)
    [transcript] = transcribed(english_only, utterance.Utterance(audio))
    assert (transcript.language, transcript.language_probability) == ("en", 1.0)
    assert "apostle of the middle classes" in transcript.text
    with pytest.raises(utterance.InvalidInputError, match=r"^LANGUAGE: 'fr'.*English only"):
        english_only.check(utterance.Utterance(audio, language="fr"))


@pytest.mark.triton
@pytest.mark.timeout(300)
def test_word_error_rate_is_that_of_faster_whisper(
    client: Client, model_dir: Path, english: list[tuple[Path, str, str]]
) -> None:
    if not os.environ.get("BEAUTYAI_ALL_CLIPS"):
        english = english[::5]  # padded to 30 s, all of them take minutes; docs/log.md has their figures
    audios = [read(path) for path, _, _ in english]
    with ThreadPoolExecutor(8) as pool:
        ours = [answer.text for answer in pool.map(lambda audio: client.ask(audio, LANGUAGE="en"), audios)]
    reference = WhisperModel(str(model_dir), device="cpu", compute_type="int8", cpu_threads=2)
    theirs = [faster_whisper_text(reference, audio) for audio in audios]
    rates = error_rates(english, {"ours": ours, "faster-whisper": theirs})
    assert rates["ours"] <= rates["faster-whisper"] + 0.3


def error_rates(english: list[tuple[Path, str, str]], heard: dict[str, list[str]]) -> dict[str, float]:
    """Word errors per hundred words in all clips; the errors of every group are printed."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for i, (_, text, group) in enumerate(english):
        for name in (group, "all"):
            counted[name]["words"] += len(words(text))
            for path, texts in heard.items():
                counted[name][path] += word_errors(text, texts[i])
    print(f"\n{len(english)} clips; word errors by {', '.join(heard)}")
    for name, counts in counted.items():
        print(f"{name}: {counts['words']} words, {', '.join(str(counts[path]) for path in heard)}")
    return {path: 100 * counted["all"][path] / counted["all"]["words"] for path in heard}


def faster_whisper_text(reference: WhisperModel, audio: NDArray[np.float32]) -> str:
    """The 30 s window, greedy, the same temperatures, no timestamp tokens, no memory between windows."""
    segments, _ = reference.transcribe(
        audio,
        language="en",
        beam_size=1,
        best_of=2,
        temperature=[0.0, 0.4, 0.8],
        condition_on_previous_text=False,
        without_timestamps=True,
    )
    return " ".join(segment.text.strip() for segment in segments)


@pytest.mark.triton
def test_clips_sent_together_do_not_mix_and_a_bad_one_fails_alone(client: Client, speech: Path) -> None:
    quilter, restorative = read(speech / QUILTER), read(speech / RESTORATIVE)
    bad = np.full(16_000, np.nan, F32)
    with ThreadPoolExecutor(9) as pool:
        replies = [pool.submit(client.ask, audio) for audio in (quilter, restorative, bad) * 3]
    for i, reply in enumerate(replies):
        if i % 3 == 2:
            with pytest.raises(InferenceServerException, match=r"INVALID_ARGUMENT.*AUDIO: holds NaN"):
                reply.result()
        else:
            assert ("Quilter" in reply.result().text, "restorative" in reply.result().text) == (
                i % 3 == 0,
                i % 3 == 1,
            )


@pytest.mark.triton
def test_the_language_is_detected(client: Client, speech: Path) -> None:
    clips = [json.loads(line) for line in (speech / "manifest.jsonl").open()]
    spoken = {clip["language"]: clip for clip in clips if clip["kind"] == "speech" and clip["seconds"] > 2}
    asked = {language: spoken[language]["file"] for language in ("de", "es", "fr", "ru", "zh")}
    heard = {
        language: client.ask(read(speech / file), LANGUAGE="auto").language
        for language, file in asked.items()
    }
    assert heard == {language: language for language in asked}


@pytest.mark.triton
def test_long_audio_is_written_to_its_end_with_rising_word_times(client: Client, speech: Path) -> None:
    files = [RESTORATIVE, "en/mfa_cold_corpus.wav", QUILTER]
    audio = np.concatenate([read(speech / file) for file in files])
    answer = client.ask(audio, LANGUAGE="en", WORD_TIMESTAMPS=True)
    assert audio.size > 30 * 16_000
    assert "powerful restorative" in answer.text
    assert answer.text.endswith("welcome his gospel.")
    timed = [word for segment in answer.segments for word in segment["words"]]
    assert "".join(word["word"] for word in timed).strip() == answer.text
    times = [time for word in timed for time in (word["start"], word["end"])]
    assert times == sorted(times)
    assert times[-1] <= audio.size / 16_000


@pytest.mark.triton
def test_word_times_after_a_prefix_are_those_of_the_new_words(client: Client, speech: Path) -> None:
    audio = read(speech / QUILTER)
    [whole] = client.ask(audio, LANGUAGE="en", WORD_TIMESTAMPS=True).segments
    [rest] = client.ask(audio, LANGUAGE="en", WORD_TIMESTAMPS=True, PREFIX="Mr. Quilter is the").segments
    expected = whole["words"][4:]
    assert [word["word"] for word in rest["words"]] == [word["word"] for word in expected]
    assert rest["words"][0]["start"] == pytest.approx(expected[0]["start"], abs=0.2)


@pytest.mark.triton
def test_silence_gives_no_text(client: Client, speech: Path) -> None:
    silences = sorted((speech / "nonspeech").glob("silence_*.wav"))
    assert silences
    assert [client.ask(read(path)).text for path in silences] == [""] * len(silences)
    assert client.ask(np.zeros(8_000, F32), WINDOW_SECONDS=1.0).segments == []
