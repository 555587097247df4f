"""The contract of the C++ backend, seen from a plain client of the real Triton: each engine here keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from tritonclient.utils import InferenceServerException

from tests.backends.tensorrtllm import llmapi_server
from tests.backends.tensorrtllm.llm_client import Llm, Stream, float32, int32, strings
from tests.backends.tensorrtllm.served import Served, until

pytestmark = pytest.mark.triton

QUESTIONS = (
    "What is 2+2?",
    "Name three colours.",
    "How do birds fly?",
    "Tell me about the sea.",
    "Why is the sky blue?",
    "What is a good breakfast?",
    "Who wrote Hamlet?",
    "How far is the moon?",
)


@pytest.fixture(scope="module", params=["llama.cpp", "llmapi"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if request.param == "llama.cpp":
        triton = request.getfixturevalue("triton")
        llm = Llm(triton.grpc_url, triton.metrics_url)
        yield Served(llm, capacity=8 + 64, late_tokens=4, bans_long_words=True, reloads=3)
        return
    with llmapi_server.serving(tmp_path_factory.mktemp("llmapi")) as settings:
        llm = Llm(settings.triton_url, f"http://127.0.0.1:{settings.metrics_port}/metrics")
        capacity = llmapi_server.SLOTS + llmapi_server.QUEUE
        yield Served(llm, capacity=capacity, late_tokens=1000, bans_long_words=False, reloads=2)


@pytest.fixture(scope="module")
def llm(served: Served) -> Llm:
    return served.llm


def test_deltas_have_the_wire_shape_of_the_cpp_backend(llm: Llm) -> None:
    stream = llm.start(llm.request(QUESTIONS[0]))
    responses = list(stream)
    assert len(responses) > 1
    for response in responses:
        assert response.tensors["output_ids"].shape == (1, 1, 1)
        assert response.tensors["sequence_length"].tolist() == [[1]]
    assert stream.final_flags == 1


def test_streamed_deltas_joined_are_the_unstreamed_answer(llm: Llm) -> None:
    sampling: dict[str, Any] = {
        "runtime_top_p": float32(0.9),
        "temperature": float32(1.2),
        "seed": np.array([[11]], np.uint64),
    }
    streamed = llm.tokens(llm.request(QUESTIONS[1], **sampling))
    whole = list(llm.start(llm.request(QUESTIONS[1], streaming=False, **sampling)))
    assert len(whole) == 1
    assert whole[0].tokens == streamed
    assert whole[0].tensors["sequence_length"].tolist() == [[len(streamed)]]


def test_the_prompt_is_part_of_an_unstreamed_answer_only_on_request(llm: Llm) -> None:
    request = llm.request(QUESTIONS[0], streaming=False, exclude_input_in_output=np.array([[False]]))
    prompt = request["input_ids"].reshape(-1).tolist()
    assert llm.tokens(request)[: len(prompt)] == prompt


def test_eight_streams_at_once_each_equal_their_answer_alone(llm: Llm) -> None:
    requests = [llm.request(question) for question in QUESTIONS]
    alone = [llm.tokens(request) for request in requests]
    with ThreadPoolExecutor(len(requests)) as pool:
        together = list(pool.map(llm.tokens, requests))
    assert together == alone
    assert len(set(map(tuple, alone))) == len(requests)


def test_an_answer_does_not_depend_on_how_much_of_its_prompt_is_cached(llm: Llm) -> None:
    story = "Once upon a time there was a small village by the sea. " * 12
    first = llm.tokens(llm.request(story + QUESTIONS[3]))
    reused = llm.metric("reused_prompt_tokens_total")
    for other in ("", story, story[:200]):
        llm.tokens(llm.request(other + "x", tokens=1))
        assert llm.tokens(llm.request(story + QUESTIONS[3])) == first
    assert llm.metric("reused_prompt_tokens_total") > reused


def test_the_seed_decides_a_sampled_answer(llm: Llm) -> None:
    def answer(seed: int) -> list[int]:
        drawn: dict[str, Any] = {
            "runtime_top_p": float32(1.0),
            "temperature": float32(1.5),
            "seed": np.array([[seed]], np.uint64),
        }
        return llm.tokens(llm.request(QUESTIONS[2], **drawn))

    assert answer(1) == answer(1)
    assert answer(1) != answer(2)


def test_end_id_ends_and_without_it_generation_goes_on(llm: Llm) -> None:
    ended = llm.tokens(llm.request(QUESTIONS[0], tokens=40))
    assert len(ended) < 40
    for absent in (None, int32(-1)):
        endless = llm.tokens(llm.request(QUESTIONS[0], tokens=40, end_id=absent))
        assert len(endless) == 40
        assert endless[: len(ended)] == ended


def test_min_tokens_holds_end_id_back(llm: Llm) -> None:
    assert len(llm.tokens(llm.request(QUESTIONS[0], tokens=40, min_tokens=int32(30)))) >= 30


def test_a_stop_word_ends_the_answer_and_is_its_last_token(llm: Llm) -> None:
    usual = llm.tokens(llm.request(QUESTIONS[1]))
    words = np.array([[[*usual[3:5]], [2, -1]]], np.int32)
    assert llm.tokens(llm.request(QUESTIONS[1], stop_words_list=words)) == usual[:5]


def test_a_bad_word_does_not_occur(llm: Llm) -> None:
    usual = llm.tokens(llm.request(QUESTIONS[1]))
    banned = np.array([[[usual[1]], [1]]], np.int32)
    assert usual[1] not in llm.tokens(llm.request(QUESTIONS[1], bad_words_list=banned))


def test_log_probabilities_and_counts_come_when_asked_for(llm: Llm) -> None:
    asked: dict[str, Any] = {
        f"return_{name}": np.array([[True]])
        for name in ("log_probs", "num_input_tokens", "num_output_tokens")
    }
    request = llm.request(QUESTIONS[0], **asked)
    responses = list(llm.start(request))
    total = 0.0
    for response in responses:
        assert response.tensors["num_input_tokens"].tolist() == request["input_lengths"].tolist()
        assert response.tensors["num_output_tokens"].tolist() == [[1]]
        total += float(response.tensors["output_log_probs"][0, 0, 0])
        assert response.tensors["cum_log_probs"][0, 0] == pytest.approx(total, rel=1e-4)
    assert total < 0


def test_a_cancel_ends_the_work_within_a_token(served: Served, llm: Llm) -> None:
    assert until(lambda: served.is_idle)
    before = llm.metric("tokens_total")
    stream = llm.start(llm.request(QUESTIONS[3], tokens=1500, end_id=None))
    seen = sum(1 for _, _ in zip(range(5), stream, strict=False))
    stream.cancel()
    assert until(lambda: served.is_idle)
    assert llm.metric("tokens_total") - before <= seen + served.late_tokens


def test_a_client_that_vanishes_frees_its_slot(served: Served, llm: Llm) -> None:
    stream = llm.start(llm.request(QUESTIONS[3], tokens=1500, end_id=None))
    next(iter(stream))
    stream._client._channel.close()
    assert until(lambda: served.is_idle)


def test_a_stop_request_ends_the_generation_of_its_id(served: Served, llm: Llm) -> None:
    running = iter(llm.start(llm.request(QUESTIONS[3], tokens=1500, end_id=None), "turn-7"))
    next(running)
    stop = llm.request("", tokens=0, input_ids=int32(0), input_lengths=int32(1), stop=np.array([[True]]))
    stopper = llm.start(stop, "turn-7")
    assert list(stopper) == []
    assert stopper.final_flags == 1
    assert len(list(running)) < 1000
    assert until(lambda: served.is_idle)


def test_a_request_id_that_still_generates_is_refused(llm: Llm) -> None:
    stream = llm.start(llm.request(QUESTIONS[3], tokens=1500, end_id=None), "turn-8")
    next(iter(stream))
    with pytest.raises(InferenceServerException, match="request id: 'turn-8'"):
        list(llm.start(llm.request(QUESTIONS[0]), "turn-8"))
    stream.cancel()


def test_a_full_queue_refuses_at_once_and_waiting_requests_can_be_cancelled(served: Served, llm: Llm) -> None:
    assert until(lambda: served.is_idle)
    request = llm.request(QUESTIONS[3], tokens=1500, end_id=None)
    streams: list[Stream] = []
    try:
        while llm.metric("active_requests") + llm.metric("waiting_requests") < served.capacity:
            streams.append(llm.start(request))
            assert until(
                lambda: llm.metric("active_requests") + llm.metric("waiting_requests") >= len(streams)
            )
        refusal = llm.refusal(llm.request(QUESTIONS[0]))
        assert "try again later" in str(refusal)
    finally:
        for stream in streams:
            stream.cancel()
    assert until(lambda: served.is_idle)
    assert llm.tokens(llm.request(QUESTIONS[0]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_width", int32(2)),
        ("num_return_sequences", int32(2)),
        ("draft_input_ids", int32(1, 2)),
        ("lora_task_id", np.array([[1]], np.uint64)),
        ("prompt_embedding_table", np.zeros((1, 1, 4), np.float16)),
        ("guided_decoding_guide_type", strings("regex")),
        ("return_context_logits", np.array([[True]])),
        ("lookahead_window_size", int32(2)),
        ("retention_decode_priority", int32(2)),
        ("request_output_len", int32(100_000)),
        ("input_lengths", int32(10_000)),
        ("end_id", int32(10_000_000)),
    ],
)
def test_a_request_that_cannot_work_is_refused_by_the_name_of_its_tensor(
    llm: Llm, name: str, value: Any
) -> None:
    refusal = llm.refusal(llm.request(QUESTIONS[0], **{name: value}))
    assert f"{name}: " in str(refusal)


def test_a_batch_of_requests_is_refused(llm: Llm) -> None:
    request = {name: np.repeat(value, 2, axis=0) for name, value in llm.request(QUESTIONS[0]).items()}
    assert "one request per prompt" in str(llm.refusal(request))


def test_unload_and_load_work_again_and_again(served: Served, llm: Llm) -> None:
    expected = llm.tokens(llm.request(QUESTIONS[0]))
    for _ in range(served.reloads):
        llm.client.unload_model("tensorrt_llm")
        assert until(lambda: not llm.client.is_model_ready("tensorrt_llm"))
        llm.client.load_model("tensorrt_llm")
        assert llm.tokens(llm.request(QUESTIONS[0])) == expected
    llm.client.load_model("chat")


def test_a_bad_word_of_several_tokens_is_banned_or_refused_by_name(served: Served, llm: Llm) -> None:
    usual = llm.tokens(llm.request(QUESTIONS[1]))
    words = np.array([[[*usual[1:3]], [2, -1]]], np.int32)
    request = llm.request(QUESTIONS[1], bad_words_list=words)
    if served.bans_long_words:
        answer = llm.tokens(request)
        assert usual[1:3] not in [answer[at : at + 2] for at in range(len(answer))]
    else:
        assert "bad_words_list: " in str(llm.refusal(request))


def test_the_ensemble_streams_text_from_it(llm: Llm) -> None:
    messages = '[{"role": "user", "content": "Name three colours."}]'
    assert llm.chat(messages=strings(messages), max_tokens=int32(12), stream=np.array([[True]]))
