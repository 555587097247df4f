"""A model repository read with Triton's own protobuf: every config, and every tensor along the ensembles' maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

Configs = Mapping[str, Any]
Signature = tuple[str, tuple[int, ...]]


def read_configs(repository: Path) -> tuple[dict[str, Any], list[str]]:
    """Each model's config, and what cannot be read."""
    configs: dict[str, Any] = {}
    problems = []
    for file in sorted(repository.glob("*/config.pbtxt")):
        try:
            text = file.read_text(encoding="utf-8")
            configs[file.parent.name] = text_format.Parse(text, model_config_pb2.ModelConfig())
        except (text_format.ParseError, UnicodeDecodeError) as error:
            problems.append(f"{file.parent.name}/config.pbtxt: {error}")
    return configs, problems


def config_problems(repository: Path, configs: Configs) -> Iterator[str]:
    """What keeps a model from being loaded that its config alone shows."""
    for model, config in configs.items():
        if config.name not in ("", model):
            yield f"{model}: its config is named {config.name}"
        if not (repository / model / "1").is_dir():
            yield f"{model}: has no version folder 1/"
        if config.backend == "python" and not (repository / model / "1" / "model.py").is_file():
            yield f"{model}: is a Python model without 1/model.py"


def ensemble_problems(configs: Configs) -> Iterator[str]:
    """Every tensor that changes its name, type or shape on the way through an ensemble, or comes from nowhere."""
    for name, config in configs.items():
        if config.platform == "ensemble":
            yield from (f"{name}: {problem}" for problem in _ensemble(name, configs))


def inputs(config: Any) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in config.input}


def outputs(config: Any) -> dict[str, Any]:
    return {tensor.name: tensor for tensor in config.output}


def signature(config: Any, tensor: Any) -> Signature:
    """Type and shape on the wire, batch dimension included."""
    batch = (-1,) if config.max_batch_size else ()
    return type_name(tensor), batch + tuple(tensor.dims)


def type_name(tensor: Any) -> str:
    """`FP32` for a tensor of a config."""
    return str(model_config_pb2.DataType.Name(tensor.data_type)).removeprefix("TYPE_")


def _ensemble(name: str, configs: Configs) -> Iterator[str]:
    config = configs[name]
    made = {tensor: signature(config, spec) for tensor, spec in inputs(config).items()}
    unused = set(made)
    for step in config.ensemble_scheduling.step:
        if step.model_name not in configs:
            yield f"step {step.model_name} is no model of the repository"
            continue
        unused -= set(step.input_map.values())
        yield from _inputs_of(step, configs[step.model_name], made)
        yield from _outputs_of(step, configs[step.model_name], made)
    yield from (f"input {tensor} goes nowhere" for tensor in sorted(unused))
    for tensor, spec in outputs(config).items():
        if made.get(tensor) != signature(config, spec):
            yield f"output {tensor} is {made.get(tensor, 'made by no step')}, not {signature(config, spec)}"


def _inputs_of(step: Any, model: Any, made: Mapping[str, Signature]) -> Iterator[str]:
    known = inputs(model)
    for tensor, source in step.input_map.items():
        if tensor not in known:
            yield f"{step.model_name} has no input {tensor}"
        elif made.get(source) != (wanted := signature(model, known[tensor])):
            yield f"{source} is {made.get(source, 'made by no step')}, {step.model_name}.{tensor} takes {wanted}"
    needed = {tensor for tensor, spec in known.items() if not spec.optional}
    yield from (f"{step.model_name}.{tensor} gets nothing" for tensor in sorted(needed - set(step.input_map)))


def _outputs_of(step: Any, model: Any, made: dict[str, Signature]) -> Iterator[str]:
    known = outputs(model)
    for tensor, target in step.output_map.items():
        if tensor in known:
            made[target] = signature(model, known[tensor])
        else:
            yield f"{step.model_name} has no output {tensor}"
