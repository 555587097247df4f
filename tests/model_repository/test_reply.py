"""The `reply` model: its modules alone, and on the real Triton."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as grpcclient
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from benchmarks.floor import model_config
from orchestrator.cutting import is_speakable
from orchestrator.recommended import OTHERS, QWEN3
from orchestrator.sentences import Sentences
from tests.model_repository.model_folder import REPOSITORY, module
from tests.model_repository.streaming import stream

conversation = module("reply", "conversation")
errors = module("reply", "errors")
pipeline = module("reply", "pipeline")
sentences = module("reply", "sentences")
recommended = module("reply", "recommended")
settings = module("reply", "settings")
written = module("reply", "written")

CASES = json.loads((REPOSITORY.parent / "tests" / "sentence_cases.json").read_text(encoding="utf-8"))


def test_the_penalty_is_that_of_the_orchestrator(qwen3_tokenizer: Path) -> None:
    qwen3 = Tokenizer.from_file(str(qwen3_tokenizer / "tokenizer.json"))
    smollm = Tokenizer.from_file(str(Path(os.environ["BEAUTYAI_TOKENIZER_DIR"]) / "tokenizer.json"))
    assert recommended.repetition_penalty(qwen3.token_to_id) == (QWEN3.plain.repetition_penalty or 1.0)
    assert recommended.repetition_penalty(smollm.token_to_id) == OTHERS.plain.repetition_penalty


@pytest.mark.parametrize(("set_to", "expected"), [(None, None), ("1.3", 1.3)])
def test_a_penalty_that_is_not_set_is_left_to_the_model(set_to: str | None, expected: float | None) -> None:
    parameters = {name: value["string_value"] for name, value in model_config("reply")["parameters"].items()}
    environ = {"BEAUTYAI_TOKENIZER_DIR": "folder"}
    environ |= {"BEAUTYAI_SESSION__GENERATION__REPETITION_PENALTY": set_to} if set_to else {}
    assert settings.Settings.read(parameters, environ).repetition_penalty == expected


@pytest.mark.parametrize("step", [1, 2, 100])
def test_a_thought_of_qwen3_is_not_spoken(qwen3_tokenizer: Path, step: int) -> None:
    tokenizer = Tokenizer.from_file(str(qwen3_tokenizer / "tokenizer.json"))
    ids = tokenizer.encode("<think>\nفكرة\n</think>\n\nمرحبا 😀!").ids
    deltas = [ids[at : at + step] for at in range(0, len(ids), step)]
    assert "".join(written.spoken_text(deltas, tokenizer.decode)) == "مرحبا 😀!"


def cut_up(text: str, lengths: list[int]) -> Iterator[str]:
    for length in lengths:
        yield text[:length]
        text = text[length:]
    yield text


def as_bytes(ids: list[int]) -> str:
    return bytes(ids).decode(errors="replace")


@given(st.text(), st.lists(st.integers(1, 9)))
def test_pieces_join_to_the_text_however_it_is_cut(text: str, lengths: list[int]) -> None:
    pieces = list(sentences.pieces(cut_up(text, lengths)))
    assert "".join(pieces) == text
    assert all(len(piece.strip()) <= sentences.MAX_PIECE_CHARS + 24 for piece in pieces)


def stripped(text: str) -> list[str]:
    return [piece.strip() for piece in sentences.pieces(list(text))]


@pytest.mark.parametrize("expected", CASES["sentences"])
def test_sentences_are_found(expected: list[str]) -> None:
    assert stripped(" ".join(expected)) == expected


@pytest.mark.parametrize("expected", CASES["sentences without spaces"])
def test_sentences_of_scripts_without_spaces_are_found(expected: list[str]) -> None:
    assert stripped("".join(expected)) == expected


@pytest.mark.parametrize(("text", "first"), CASES["first pieces"])
def test_the_first_piece_may_be_a_clause_or_a_phrase(text: str, first: str) -> None:
    assert stripped(text)[0] == first


@given(st.text(), st.lists(st.integers(1, 9)))
def test_the_pieces_are_those_of_the_orchestrator(text: str, lengths: list[int]) -> None:
    orchestrators = Sentences()
    expected = [*orchestrators.push(text), *orchestrators.flush()]
    found = [piece.strip() for piece in sentences.pieces(cut_up(text, lengths))]
    assert [piece for piece in found if is_speakable(piece)] == expected


def test_what_may_be_cut_is_decided_by_the_same_code_as_in_the_orchestrator() -> None:
    theirs = REPOSITORY.parent / "orchestrator" / "cutting.py"
    assert (REPOSITORY / "reply" / "1" / "cutting.py").read_bytes() == theirs.read_bytes()


def test_a_piece_comes_as_soon_as_it_is_complete() -> None:
    taken: list[str] = []

    def deltas() -> Iterator[str]:
        for word in ("One. ", "Two", ". ", "Three"):
            taken.append(word)
            yield word

    assert next(sentences.pieces(deltas())) == "One. "
    assert taken == ["One. ", "Two"]


@given(st.text(), st.lists(st.integers(1, 5)))
def test_ids_cut_inside_characters_give_whole_characters(text: str, lengths: list[int]) -> None:
    encoded = list(text.encode())
    detokenizer = written.Detokenizer(as_bytes)
    deltas = []
    for length in [*lengths, len(encoded)]:
        deltas.append(detokenizer.push(encoded[:length]))
        encoded = encoded[length:]
    assert "".join(deltas) + detokenizer.flush() == text
    if "\ufffd" not in text:
        assert not any("\ufffd" in delta for delta in deltas)


def test_invalid_bytes_do_not_hold_the_text_up() -> None:
    detokenizer = written.Detokenizer(as_bytes)
    assert "".join(detokenizer.push([byte]) for byte in [0xFF] * 9 + list(b"ok")).endswith("ok")


@given(st.lists(st.integers(1, 4)))
def test_thoughts_are_never_spoken_however_the_tags_are_cut(lengths: list[int]) -> None:
    text = "<think>secret < b</think>\n\nA < B <thin> air<think>hidden</think>, yes <thi"
    ids = [list(part.encode()) for part in cut_up(text, lengths)]
    assert "".join(written.spoken_text(ids, as_bytes)) == "A < B <thin> air, yes <thi"


def test_a_thought_without_end_is_silent() -> None:
    assert list(written.spoken_text([list(b"<think>for ever")], as_bytes)) == []


def test_the_system_prompt_comes_first_unless_the_history_has_one() -> None:
    assert json.loads(conversation.messages("Be kind.", "", "hello")) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hello"},
    ]
    history = [{"role": "system", "content": "Be curt."}, {"role": "assistant", "content": "Yes?"}]
    assert json.loads(conversation.messages("Be kind.", json.dumps(history), "سلام"))[:2] == history


@pytest.mark.parametrize(
    "history", ["{", "{}", '["x"]', '[{"role": "user"}]', '[{"role": 1, "content": "x"}]']
)
def test_a_history_that_is_none_is_the_callers_error(history: str) -> None:
    with pytest.raises(errors.InvalidInputError, match=r"^MESSAGES"):
        conversation.messages("", history, "hello")


def hum(piece: str) -> Iterator[tuple[NDArray[np.int16], int]]:
    if piece.strip(" ."):
        yield np.ones(2, np.int16), 16_000
        yield np.ones(1, np.int16), 16_000


def never() -> bool:
    return False


def test_each_piece_goes_with_its_first_audio_and_is_never_lost() -> None:
    chunks = list(pipeline.spoken(["One. ", " . ", "Two."], hum, never, lambda: None))
    assert [(chunk.text, len(chunk.audio)) for chunk in chunks] == [
        ("One. ", 2),
        ("", 1),
        (" . ", 0),
        ("Two.", 2),
        ("", 1),
    ]


def test_pieces_are_written_while_the_first_is_spoken() -> None:
    second_is_written = threading.Event()

    def write() -> Iterator[str]:
        yield "One."
        second_is_written.set()
        yield "Two."

    def speak(piece: str) -> Iterator[tuple[NDArray[np.int16], int]]:
        assert second_is_written.wait(5)
        yield from hum(piece)

    assert len(list(pipeline.spoken(write(), speak, never, lambda: None))) == 4


def test_an_error_of_the_writer_follows_the_pieces_before_it() -> None:
    def write() -> Iterator[str]:
        yield "One."
        raise errors.ModelCallError("the engine is gone", 1)

    chunks = pipeline.spoken(write(), hum, never, lambda: None)
    assert [next(chunks).text, next(chunks).text] == ["One.", ""]
    with pytest.raises(errors.ModelCallError, match="gone"):
        next(chunks)


def endless(stopped: threading.Event) -> Iterator[str]:
    yield "One."
    assert stopped.wait(5)


@pytest.mark.parametrize("leaves", ["cancel", "error", "close"])
def test_a_reply_that_nobody_hears_stops_the_writer_and_leaves_no_thread(leaves: str) -> None:
    stopped, cancelled = threading.Event(), threading.Event()

    def speak(piece: str) -> Iterator[tuple[NDArray[np.int16], int]]:
        if leaves == "error":
            raise errors.ModelCallError("the voice is gone", 1)
        yield from hum(piece)

    chunks = pipeline.spoken(endless(stopped), speak, cancelled.is_set, stopped.set)
    before = threading.active_count()
    if leaves == "error":
        with pytest.raises(errors.ModelCallError):
            next(chunks)
    else:
        next(chunks)
        cancelled.set()
        _END[leaves](chunks)
    assert stopped.is_set()
    assert threading.active_count() == before


_END: dict[str, Callable[[Any], object]] = {"cancel": list, "close": lambda chunks: chunks.close()}


@pytest.mark.triton
def test_a_question_is_answered_in_pieces_with_speech(triton: Any) -> None:
    answer = stream(triton.grpc_url, "reply", TRANSCRIPT="Tell me a story about a cat.", LANGUAGE="en")
    assert (answer.error, answer.finals) == ("", 1)
    assert set(answer.strings("TRANSCRIPT")) == {"Tell me a story about a cat."}
    pieces = [piece for piece in answer.strings("REPLY") if piece]
    assert len("".join(pieces).split()) >= 3
    assert answer.strings("REPLY")[0]
    assert "<think>" not in "".join(pieces)
    rate = max(int(tensors["SAMPLE_RATE"][0, 0]) for _, tensors in answer.responses)
    assert len(answer.audio()) / rate > 0.5


@pytest.mark.triton
def test_history_reaches_the_model(triton: Any) -> None:
    history = json.dumps([{"role": "system", "content": "x"}, {"role": "user", "content": "y" * 250_000}])
    answer = stream(triton.grpc_url, "reply", TRANSCRIPT="And now?", MESSAGES=history)
    assert "MESSAGES" in answer.error


@pytest.mark.triton
@pytest.mark.parametrize("transcript", ["", "   "])
def test_silence_is_answered_with_one_empty_response(triton: Any, transcript: str) -> None:
    answer = stream(triton.grpc_url, "reply", TRANSCRIPT=transcript)
    assert (answer.error, answer.finals, len(answer.responses)) == ("", 1, 1)
    assert (answer.strings("TRANSCRIPT"), answer.strings("REPLY"), len(answer.audio())) == ([""], [""], 0)


@pytest.mark.triton
@pytest.mark.parametrize(
    ("tensor", "wanted"),
    [("MESSAGES", {"MESSAGES": "{"}), ("MAX_TOKENS", {"MAX_TOKENS": 0}), ("VOICE", {"VOICE": "nobody"})],
)
def test_a_bad_request_is_refused_by_the_tensors_name(triton: Any, tensor: str, wanted: Any) -> None:
    answer = stream(triton.grpc_url, "reply", **{"TRANSCRIPT": "Hello.", "MAX_TOKENS": 20, **wanted})
    assert tensor in answer.error
    assert answer.responses == []


@pytest.mark.triton
def test_cancelling_ends_the_generation(triton: Any) -> None:
    with grpcclient.InferenceServerClient(triton.grpc_url) as client:
        before = _ended_generations(client)
        history = json.dumps([{"role": "system", "content": "Write a very long story without an end."}])
        answer = stream(
            triton.grpc_url,
            "reply",
            cancel_after=1,
            TRANSCRIPT="Tell me everything about the sea, in a thousand sentences.",
            MESSAGES=history,
            MAX_TOKENS=1500,
        )
        assert answer.finals == 0
        deadline = time.monotonic() + 4
        # The generation, and the request that stopped it.
        while _ended_generations(client) < before + 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _ended_generations(client: grpcclient.InferenceServerClient) -> int:
    statistics = client.get_inference_statistics("tensorrt_llm").model_stats[0].inference_stats
    return int(statistics.success.count + statistics.fail.count)
