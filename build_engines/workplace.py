"""Where everything of one recipe lies in the work folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from build_engines.recipe import Recipe


@dataclass(frozen=True)
class Workplace:
    """The folders of one recipe; weights are shared by all recipes of a model."""

    work_dir: Path
    recipe: Recipe

    @property
    def weights(self) -> Path:
        """As the hub holds them, tokenizer included."""
        model = self.recipe.source
        return self.work_dir / "weights" / f"{model.name}-{model.revision[:12]}"

    @property
    def checkpoint(self) -> Path:
        """Quantized or converted weights in TensorRT-LLM's layout."""
        return self.work_dir / self.recipe.name / "checkpoint"

    @property
    def engine(self) -> Path:
        """`config.json` and one `rank<N>.engine` for each GPU."""
        return self.work_dir / self.recipe.name / "engine"

    @property
    def comparison(self) -> Path:
        """The answers of both engines and what came of comparing them."""
        return self.work_dir / self.recipe.name / "comparison"

    @property
    def repository(self) -> Path:
        """The rendered model repository."""
        return self.work_dir / self.recipe.name / "model_repository"

    @property
    def timing_cache(self) -> Path:
        """Kernel timings of this GPU; a second build of a similar engine is faster with them."""
        return self.work_dir / f"{self.recipe.gpu_name}.timing_cache"

    def log(self, step: str) -> Path:
        """What the step's command printed."""
        return self.work_dir / self.recipe.name / "logs" / f"{step}.log"

    def reference(self) -> Workplace:
        """The same for the BF16 reference of this recipe."""
        return Workplace(self.work_dir, self.recipe.reference())
