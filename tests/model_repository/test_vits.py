"""A voice's network in two parts: the same samples as in one, sooner."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from tests.model_repository.model_folder import module

piper_voice = module("tts", "piper_voice")
speech = module("tts", "speech")
vits = module("tts", "vits")


@pytest.fixture(scope="module")
def voice_file() -> Path:
    return next(Path(os.environ["BEAUTYAI_VOICES_DIR"]).glob("*.onnx"))


def whole(path: Path, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    samples: NDArray[np.float32] = session.run(None, inputs)[0].reshape(-1)
    return samples


@pytest.mark.parametrize("n_phonemes", [1, 30, 160])
def test_the_chunks_of_a_voice_are_the_samples_of_its_whole_network(
    voice_file: Path, n_phonemes: int
) -> None:
    ids = np.random.default_rng(n_phonemes).integers(14, 60, (1, n_phonemes))
    without_noise = np.array([0, 1, 0], dtype=np.float32)
    inputs = {"input": ids, "input_lengths": np.array([n_phonemes]), "scales": without_noise}
    made = list(vits.Vits(voice_file, 1).speak(inputs))
    assert (len(made) > 1) == (n_phonemes > 1)
    np.testing.assert_allclose(np.concatenate(made), whole(voice_file, inputs), atol=1e-5)


@given(st.integers(1, 5000))
def test_chunks_follow_each_other_and_grow(n_frames: int) -> None:
    made = list(vits.chunks(n_frames))
    assert [start for start, _ in made] == [0, *(end for _, end in made[:-1])]
    assert made[-1][1] == n_frames
    lengths = [end - start for start, end in made]
    assert lengths[0] <= vits.FIRST_FRAMES + vits.CONTEXT_FRAMES
    assert all(after <= 2 * before + vits.CONTEXT_FRAMES for before, after in itertools.pairwise(lengths))


def test_a_network_of_several_speakers_is_told_who_speaks(tmp_path: Path) -> None:
    path = tmp_path / "speakers.onnx"
    onnx.save(_several_speakers(), path)
    inputs = {
        "input": np.arange(300, dtype=np.float32)[np.newaxis, np.newaxis] / 300,
        "sid": np.array([[[2.0]]], dtype=np.float32),
    }
    made = np.concatenate(list(vits.Vits(path, 1).speak(inputs)))
    np.testing.assert_allclose(made, whole(path, inputs), atol=1e-6)
    inputs["sid"] = np.array([[[-2.0]]], dtype=np.float32)
    assert np.abs(np.concatenate(list(vits.Vits(path, 1).speak(inputs))) - made).max() > 0.1


def test_a_network_with_other_names_speaks_in_one_chunk(tmp_path: Path) -> None:
    path = tmp_path / "renamed.onnx"
    model = _several_speakers()
    for node in model.graph.node:
        node.name = ""
    onnx.save(model, path)
    inputs = {
        "input": np.ones((1, 1, 300), dtype=np.float32),
        "sid": np.array([[[2.0]]], dtype=np.float32),
    }
    [made] = vits.Vits(path, 1).speak(inputs)
    np.testing.assert_array_equal(made, whole(path, inputs))


def test_another_network_is_no_voice(voice_file: Path, tmp_path: Path) -> None:
    (tmp_path / "silero.onnx").symlink_to(os.environ["BEAUTYAI_VAD_MODEL"])
    (tmp_path / "silero.onnx.json").symlink_to(f"{voice_file}.json")
    with pytest.raises(speech.VoiceError, match=r"silero\.onnx cannot be loaded: "):
        piper_voice.LocalVoices.load(tmp_path, 1)


def test_a_voice_is_as_loud_in_every_chunk_and_too_loud_a_chunk_is_turned_down_without_a_click() -> None:
    tone = np.sin(np.arange(4000) / 20).astype(np.float32)
    usual = piper_voice.amplified(0.4 * tone, 2.0, 2.0)
    assert piper_voice.peak(usual / 32767) == pytest.approx(0.8, abs=0.01)
    loud = piper_voice.amplified(0.8 * tone, 2.0, 1 / 0.8)
    steps = np.abs(np.diff(loud.astype(int)))
    assert abs(loud).max() <= 32767
    assert steps.max() < 1.6 * np.abs(np.diff(32767 * tone)).max()
    assert loud[1:3].max() > 1.5 * usual[1:3].max()  # it begins with the gain before, and ends with its own
    assert loud[-2000:].max() == pytest.approx(32767, rel=0.01)


def _several_speakers() -> onnx.ModelProto:
    """The shape of Piper's export: something before, `/dec/…` with a speaker beside the frames, something after."""
    kernel = np.linspace(-1, 1, 7, dtype=np.float32).reshape(1, 1, 7)
    nodes = [
        helper.make_node("Neg", ["input"], ["z"], "/before"),
        helper.make_node("Neg", ["sid"], ["g"], "/emb_g"),
        helper.make_node("Conv", ["z", "kernel"], ["pre"], "/dec/conv_pre/Conv", pads=[3, 3]),
        helper.make_node("Add", ["pre", "g"], ["told"], "/dec/Add"),
        helper.make_node("Tanh", ["told"], ["spoken"], "/dec/Tanh"),
        helper.make_node("Identity", ["spoken"], ["output"], "/after"),
    ]
    floats = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "voice",
        [
            helper.make_tensor_value_info("input", floats, [1, 1, None]),
            helper.make_tensor_value_info("sid", floats, [1, 1, 1]),
        ],
        [helper.make_tensor_value_info("output", floats, [1, 1, None])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
