"""Models loaded and unloaded on the real Triton while others talk."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import anyio
import pytest

from orchestrator.config import models_environment
from orchestrator.errors import ModelConflict, ModelUnloaded
from orchestrator.inference import Generation, Sampling
from orchestrator.prompt import ChatTemplate
from orchestrator.registry import placing
from orchestrator.registry.entry import ModelEntry
from orchestrator.registry.loading import Loading
from orchestrator.registry.placing import Surroundings, Waits
from orchestrator.registry.registry import Registry
from orchestrator.triton import TritonInference
from tests.conftest import RunningTriton

pytestmark = [pytest.mark.anyio, pytest.mark.triton]

TOKENIZER = Path(os.environ.get("BEAUTYAI_TOKENIZER_DIR", "/"))


@asynccontextmanager
async def loading(
    triton: RunningTriton, folder: Path, waits: Waits | None = None
) -> AsyncIterator[tuple[Loading, Registry, TritonInference, ChatTemplate]]:
    registry, template = Registry(folder), ChatTemplate(TOKENIZER)
    around = Surroundings(models_environment(), TOKENIZER, shares_files=True)
    async with TritonInference(triton.grpc_url) as inference:
        one = Loading(inference, registry, template, around, waits)
        await one.settle()
        yield one, registry, inference, template


def asked(tokens: int) -> Generation:
    return Generation(f"load-{tokens}", [1, 2, 3], -1, 0, sampling=Sampling(max_tokens=tokens))


async def written(inference: TritonInference, tokens: int) -> int:
    async with aclosing(inference.generate(asked(tokens))) as stream:
        return sum([len(ids) async for ids in stream])


async def test_a_stream_ends_well_while_its_model_is_replaced_and_newcomers_are_told(
    triton: RunningTriton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(placing, "COMPANIONS", ("preprocessing",))  # one for all: each takes seconds
    other = tmp_path / "other"
    other.mkdir()
    (other / "model.gguf").symlink_to(os.environ["BEAUTYAI_LLM_GGUF"])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / name, other)
    entry = ModelEntry(
        triton_model="tensorrt_llm",
        engine="llama.cpp",
        weights=str(other / "model.gguf"),
        tokenizer=str(other),
    )
    async with loading(triton, tmp_path / "data") as (models, registry, inference, template):
        before = registry.language_model()
        registry.add("other", entry)
        before_tokenizer = template.tokenizer
        lengths: list[int] = []
        try:
            async with anyio.create_task_group() as tasks:
                stream = inference.generate(asked(100))
                first = len(await stream.__anext__())

                async def rest() -> None:
                    lengths.append(first + sum([len(ids) async for ids in stream]))

                tasks.start_soon(rest)
                tasks.start_soon(models.load, "other")
                await _until_closed(inference)
                with pytest.raises(ModelUnloaded, match="other is being loaded"):
                    await written(inference, 2)
                assert models.moving("other") == "loading"
                assert not lengths  # it runs on
            assert lengths == [100]
            assert registry.language_model() == registry.document.default == "other"
            assert template.tokenizer is not before_tokenizer
            assert await written(inference, 2) == 2
            companion = await inference.configuration("preprocessing")
            assert companion["parameters"]["tokenizer_dir"]["string_value"] == str(other)
        finally:
            await models.load(before)
        assert await written(inference, 2) == 2
        companion = await inference.configuration("preprocessing")
        assert companion["parameters"]["tokenizer_dir"]["string_value"] == "${BEAUTYAI_TOKENIZER_DIR}"


async def test_streams_that_do_not_end_keep_their_model(triton: RunningTriton, tmp_path: Path) -> None:
    async with loading(triton, tmp_path, Waits(replace=0.2)) as (models, registry, inference, _):
        entry = registry.entry(registry.language_model())
        registry.add("other", entry.model_copy(update={"triton_parameters": {"max_queue_size": "8"}}))
        async with aclosing(inference.generate(asked(1000))) as stream:
            await stream.__anext__()
            with pytest.raises(ModelConflict, match="streams of"):
                await models.load("other")
            assert len(await stream.__anext__()) >= 1
        assert registry.document.serving["tensorrt_llm"] != "other"
        assert await written(inference, 2) == 2


async def test_a_triton_that_comes_up_gets_what_the_registry_says(
    triton: RunningTriton, tmp_path: Path
) -> None:
    async with loading(triton, tmp_path) as (models, registry, inference, _):
        before = registry.document.serving["end_of_turn"]
        assert before is not None
        registry.add(
            "short",
            registry.entry(before).model_copy(update={"triton_parameters": {"max_audio_seconds": "9"}}),
        )
        registry.serves("end_of_turn", "short")
        try:
            await models.settle()
            assert await _longest_audio(inference) == "9"
            await inference.unload("end_of_turn")  # what a repair does
            await inference.load("end_of_turn")
            assert await _longest_audio(inference) == "9"
            registry.serves("end_of_turn", None)
            await models.settle()
            assert (await inference.models())["end_of_turn"].state != "READY"
            assert inference.doors.closed("end_of_turn")
        finally:
            await models.load(before)
        assert await _longest_audio(inference) == "60"


async def _longest_audio(inference: TritonInference) -> str:
    config = await inference.configuration("end_of_turn")
    return str(config["parameters"]["max_audio_seconds"]["string_value"])


async def _until_closed(inference: TritonInference) -> None:
    with anyio.fail_after(10):
        while inference.doors.closed("tensorrt_llm") is None:
            await anyio.sleep(0.01)
