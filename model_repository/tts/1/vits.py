"""The network of a Piper voice in two parts, so that a sentence is heard while it is still being made.

VITS first makes the latent frames of the whole sentence, and then their samples by convolutions alone, which takes most
of the time and needs no more of a sentence than a few frames on both sides (Kim et al. 2021, arXiv:2106.06103; the
decoder is HiFi-GAN's, Kong et al. 2020). So the samples are made in chunks, and are those of the whole sentence. Knows
neither text nor voices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

FIRST_FRAMES = 40
"""Frames of the first chunk, about 0.46 s; each further one has twice as many, so that none is late."""
MOST_FRAMES = 320
CONTEXT_FRAMES = 12
"""Frames on each side that a sample depends on: 3 of the first convolution, 7 of the resblocks at 8 samples a frame,
and less than 2 of everything after."""

_DECODER = "/dec/"
_FIRST_CONVOLUTION = "/dec/conv_pre/Conv"


class Vits:
    """A loaded network; several threads may use it at once."""

    def __init__(self, path: Path, threads: int) -> None:
        """Load an ONNX file; one whose decoder is not found by Piper's names speaks a sentence in one chunk."""
        model = onnx.load(path)
        halves = _halves(model)
        self._before = _session(halves[0] if halves else model, threads)
        self._decoder = _session(halves[1], threads) if halves else None

    def speak(self, inputs: Mapping[str, NDArray[Any]]) -> Iterator[NDArray[np.float32]]:
        """Yield the samples (n,) of the sentence, each chunk as soon as it is made."""
        if self._decoder is None:
            yield self._before.run(None, dict(inputs))[0].reshape(-1)
            return
        name, *others = [tensor.name for tensor in self._decoder.get_inputs()]
        frames, *values = self._before.run([name, *others], dict(inputs))  # (1, channels, n_frames)
        beside = dict(zip(others, values, strict=True))
        for start, end in chunks(frames.shape[2]):
            first, last = max(0, start - CONTEXT_FRAMES), min(frames.shape[2], end + CONTEXT_FRAMES)
            made = self._decoder.run(None, {name: frames[:, :, first:last], **beside})[0].reshape(-1)
            per_frame = len(made) // (last - first)
            yield made[(start - first) * per_frame : (end - first) * per_frame]


def chunks(n_frames: int) -> Iterator[tuple[int, int]]:
    """Where each chunk of a sentence begins and ends; a rest shorter than the context belongs to the one before."""
    start, length = 0, FIRST_FRAMES
    while start < n_frames:
        end = start + length
        if n_frames - end < CONTEXT_FRAMES:
            end = n_frames
        yield start, end
        start, length = end, min(2 * length, MOST_FRAMES)


def _halves(model: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto] | None:
    """What comes before the decoder, and the decoder, whose first input are the frames; None where there is none."""
    decoder = [node for node in model.graph.node if node.name.startswith(_DECODER)]
    first = next((node for node in decoder if node.name == _FIRST_CONVOLUTION), None)
    if first is None:
        return None
    weights = {tensor.name for tensor in model.graph.initializer}
    made, read = {name for node in decoder for name in node.output}, _read(decoder)
    latents = [first.input[0], *sorted(read - made - weights - {first.input[0], ""})]
    before, after = _others(model.graph, made)
    elsewhere = weights - (read - _read(before))  # also what only a node within a node reads
    return (
        _part(model, before, list(model.graph.input), latents, elsewhere),
        _part(model, decoder, _tensors(latents), sorted(_read(after) & made), read),
    )


def _others(graph: onnx.GraphProto, made: set[str]) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """The nodes that need nothing of the decoder, and those that do; nodes stand in the order of computation."""
    before, after, later = [], [], set(made)
    for node in graph.node:
        if node.name.startswith(_DECODER):
            continue
        if later.isdisjoint(node.input):
            before.append(node)
        else:
            after.append(node)
            later.update(node.output)
    return before, after


def _read(nodes: list[onnx.NodeProto]) -> set[str]:
    return {name for node in nodes for name in node.input}


def _part(
    model: onnx.ModelProto,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[str],
    weights: set[str],
) -> onnx.ModelProto:
    kept = [tensor for tensor in model.graph.initializer if tensor.name in weights]
    graph = onnx.helper.make_graph(nodes, "part", inputs, _tensors(outputs), kept)
    return onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def _tensors(names: list[str]) -> list[onnx.ValueInfoProto]:
    return [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names]


def _session(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from the LLM, which runs beside this model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
