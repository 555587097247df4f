"""The language models that can be built: where their weights come from, and the shapes that sizes follow from.

Shapes: `config.json` of each repository. Revisions are commits of the hub's repositories.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Model:
    """A dense decoder of the Qwen3 family. Numbers are counts unless the name says otherwise."""

    name: str
    repo_id: str
    revision: str
    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary_size: int
    tied_embeddings: bool
    max_positions: int

    @property
    def embedding_parameters(self) -> int:
        """Token embedding and output layer: they are not quantized."""
        return self.vocabulary_size * self.hidden_size * (1 if self.tied_embeddings else 2)

    @property
    def layer_parameters(self) -> int:
        """The matrices of all layers: these are quantized."""
        attention = 2 * self.hidden_size * self.head_size * (self.heads + self.kv_heads)
        return self.layers * (attention + 3 * self.hidden_size * self.intermediate_size)

    @property
    def download_bytes(self) -> int:
        """Weights in BF16, as the hub holds them."""
        return 2 * (self.embedding_parameters + self.layer_parameters)

    def weight_bytes(self, bytes_per_parameter: int) -> int:
        """Weights of a checkpoint or engine whose layers take so much; the embeddings stay in BF16."""
        return 2 * self.embedding_parameters + bytes_per_parameter * self.layer_parameters

    def kv_bytes_per_token(self, bytes_per_value: int) -> int:
        """Key and value of one token in all layers."""
        return 2 * self.layers * self.kv_heads * self.head_size * bytes_per_value


MODELS = {
    model.name: model
    for model in (
        Model(
            name="qwen3-14b",
            repo_id="Qwen/Qwen3-14B",
            revision="40c069824f4251a91eefaf281ebe4c544efd3e18",
            layers=40,
            hidden_size=5120,
            intermediate_size=17408,
            heads=40,
            kv_heads=8,
            head_size=128,
            vocabulary_size=151_936,
            tied_embeddings=False,
            max_positions=40_960,
        ),
        Model(
            name="qwen3-1.7b",
            repo_id="Qwen/Qwen3-1.7B",
            revision="70d244cc86ccca08cf5af4e1e306ecf908b1ad5e",
            layers=28,
            hidden_size=2048,
            intermediate_size=6144,
            heads=16,
            kv_heads=8,
            head_size=128,
            vocabulary_size=151_936,
            tied_embeddings=True,
            max_positions=40_960,
        ),
    )
}


FP8_CHECKPOINTS = {
    "qwen3-14b": replace(
        MODELS["qwen3-14b"],
        name="qwen3-14b-fp8",
        repo_id="Qwen/Qwen3-14B-FP8",
        revision="9a283b4a5efbc09ce247e0ae5b02b744739e525a",
    )
}
"""The same models as their authors publish them in FP8 (blocks of 128 x 128 with a scale each), for the LLM API, which
reads weights as the hub holds them (tensorrt_llm/_torch/model_config.py, `load_hf_quant_config`)."""
