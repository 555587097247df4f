"""The steps from the hub to a served engine: each checks first, repeats nothing that is finished, leaves a stamp."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from build_engines import stamps, verification
from build_engines.commands import build_command, checkpoint_command
from build_engines.download import download_model
from build_engines.errors import EngineMismatchError, UnsuitableMachineError
from build_engines.estimates import Step
from build_engines.machine import Machine
from build_engines.model_config import read_config
from build_engines.provenance import read_provenance, write_provenance
from build_engines.quality import Answers, Verdict, compare, require_good
from build_engines.recipe import Recipe
from build_engines.release import SERVING_IMAGE
from build_engines.render import LANGUAGE_MODEL
from build_engines.running import Say, run
from build_engines.suitability import require_suitable
from build_engines.workplace import Workplace

COMPARISON = Path(__file__).parent / "comparison"


@dataclass(frozen=True)
class Steps:
    """All steps of one recipe in one work folder."""

    place: Workplace
    examples: Path
    """NVIDIA's `examples/` of the release."""
    say: Say
    probe: Callable[[Path], Machine]
    """What the machine has, asked before every step."""

    def download(self) -> None:
        """Weights and tokenizer at the pinned revision; every file's size and hash is what the hub states of it.

        Raises: DownloadError, UnsuitableMachineError.
        """
        model, folder = self.place.recipe.source, self.place.weights
        inputs = {"repo_id": model.repo_id, "revision": model.revision}
        if self._is_finished("download", folder, inputs):
            return
        self._require_suitable("download", _size_bytes(folder))
        folder.mkdir(parents=True, exist_ok=True)
        download_model(model, folder, self.say)
        stamps.finish(folder, inputs)

    def quantize(self) -> None:
        """A checkpoint in the recipe's precision.

        Raises: StepError, UnsuitableMachineError.
        """
        weights = stamps.stamp_of(self.place.weights)
        if weights is None:
            raise UnsuitableMachineError(f"{self.place.weights} is not complete: run `download` first")
        command = checkpoint_command(self.place, sys.executable, self.examples)
        inputs = {"tool": Path(command[1]).name, "arguments": command[2:], "weights": weights}
        if self._is_finished("quantize", self.place.checkpoint, inputs):
            return
        if not Path(command[1]).is_file():
            raise UnsuitableMachineError(
                f"there is no {command[1]}: run in {SERVING_IMAGE}, or name --examples DIR"
            )
        self._make("quantize", command, self.place.checkpoint)
        stamps.finish(self.place.checkpoint, inputs)

    def build(self) -> None:
        """The compiled engine.

        Raises: StepError, UnsuitableMachineError.
        """
        checkpoint = stamps.stamp_of(self.place.checkpoint)
        if checkpoint is None:
            raise UnsuitableMachineError(f"{self.place.checkpoint} is not complete: run `quantize` first")
        machine = self.probe(self.place.work_dir)
        command = build_command(self.place)
        gpu = machine.gpus[0].name if machine.gpus else None
        inputs = {
            "command": command,
            "checkpoint": checkpoint,
            "gpu": gpu,
            "tensorrt_llm": machine.tensorrt_llm,
        }
        if self._is_finished("build", self.place.engine, inputs):
            return
        self._make("build", command, self.place.engine)
        write_provenance(self.place.engine, self.place.recipe, machine)
        stamps.finish(self.place.engine, inputs)

    def verify(self, repository: Path) -> None:
        """The engine against the recipe, against `repository` and against this machine.

        Raises: EngineMismatchError with every difference.
        """
        engine, recipe = self.place.engine, self.place.recipe
        problems = list(_differences(engine, recipe, repository, self.probe(self.place.work_dir)))
        if problems:
            raise EngineMismatchError(
                "\n".join([f"{engine} cannot be served:", *(f"  {one}" for one in problems)])
            )
        self.say(f"verify: {engine} is what {recipe.name} asks for, and fits {repository} and this machine")

    def compare(self) -> Verdict | None:
        """Greedy answers and perplexity beside the BF16 reference, which must be built.

        Raises: QualityError, StepError, UnsuitableMachineError.
        """
        if self.place.recipe.is_reference:
            self.say(f"compare: {self.place.recipe.name} is BF16 itself, there is nothing to compare")
            return None
        reference = self.place.reference()
        engines = {"engine": self.place.engine, "reference": reference.engine}
        made_of = {name: stamps.stamp_of(folder) for name, folder in engines.items()}
        for name, folder in engines.items():
            if made_of[name] is None:
                raise UnsuitableMachineError(
                    f"{folder} is not complete: run `quantize` and `build` (--reference) first"
                )
        if not self._is_finished("compare", self.place.comparison, made_of):
            self._require_suitable("compare")
            stamps.begin(self.place.comparison)
            for name, folder in engines.items():
                run(
                    f"compare {name}",
                    self._answering(folder, name),
                    self.place.log(f"compare-{name}"),
                    self.say,
                )
            stamps.finish(self.place.comparison, made_of)
        verdict = compare(self._answers("engine"), self._answers("reference"))
        self._report(verdict)
        require_good(verdict, self.place.recipe.comparison)
        return verdict

    def _make(self, step: Step, command: list[str], folder: Path) -> None:
        self._require_suitable(step)
        stamps.begin(folder)
        run(step, command, self.place.log(step), self.say)

    def _require_suitable(self, step: Step, there_already_bytes: int = 0) -> None:
        machine = self.probe(self.place.work_dir)
        needs = require_suitable(step, self.place.recipe, machine, there_already_bytes)
        self.say(f"{step}: about {needs.minutes:.0f} minutes")

    def _is_finished(self, step: str, folder: Path, inputs: Mapping[str, object]) -> bool:
        finished = stamps.is_finished(folder, inputs)
        if finished:
            self.say(f"{step}: {folder} is there already")
        return finished

    def _answering(self, engine: Path, name: str) -> list[str]:
        command = [sys.executable, "-m", "build_engines.answering", "--engine-dir", str(engine)]
        command += ["--tokenizer-dir", str(self.place.weights), "--prompts", str(COMPARISON / "prompts.json")]
        return [*command, "--text", str(COMPARISON / "text.txt"), "--output", str(self._answers_path(name))]

    def _answers(self, name: str) -> Answers:
        said = json.loads(self._answers_path(name).read_text(encoding="utf-8"))
        return Answers(tuple(map(tuple, said["tokens"])), tuple(said["log_probs"]))

    def _answers_path(self, name: str) -> Path:
        return self.place.comparison / f"{name}.json"

    def _report(self, verdict: Verdict) -> None:
        path = self.place.comparison / "verdict.json"
        path.write_text(json.dumps(asdict(verdict), indent=2) + "\n", encoding="utf-8")
        self.say(
            f"compare: greedy answers agree for {verdict.mean_agreement:.0%} of their length, perplexity "
            f"{verdict.perplexity:.3f} against {verdict.reference_perplexity:.3f}; {path}"
        )


def _differences(engine: Path, recipe: Recipe, repository: Path, machine: Machine) -> Iterator[str]:
    try:
        config = json.loads((engine / "config.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        raise EngineMismatchError(f"{engine} holds no engine with a config.json: run `build` first") from None
    yield from verification.against_recipe(config, recipe)
    yield from verification.against_repository(config, read_config(repository / LANGUAGE_MODEL))
    yield from verification.against_machine(read_provenance(engine), recipe, machine)
    for rank in range(recipe.gpu_count):
        if not (engine / f"rank{rank}.engine").is_file():
            yield f"rank{rank}.engine is missing"


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
