"""How a text is to be generated: every parameter with its type, range and meaning."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_CHOICES = 8

StopText = Annotated[str, Field(min_length=1, max_length=256)]
BadWord = Annotated[str, Field(min_length=1, max_length=64)]


class TextFormat(BaseModel):
    """Any text."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]


class JsonObjectFormat(BaseModel):
    """One JSON object."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["json_object"]


class JsonSchema(BaseModel):
    """A JSON schema, as OpenAI's API names its parts; it is always followed strictly."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, serialize_by_alias=True)
    name: str = Field("answer", min_length=1, max_length=64)
    description: str | None = Field(None, max_length=1000)
    content: dict[str, Any] = Field(alias="schema", description="The schema itself.")
    strict: bool | None = True


class JsonSchemaFormat(BaseModel):
    """JSON that follows a schema."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Annotated[TextFormat | JsonObjectFormat | JsonSchemaFormat, Field(discriminator="type")]


class GenerationParameters(BaseModel):
    """What may be asked of a generation. Absent: the preset's value, else what the model's authors recommend."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)

    temperature: float | None = Field(
        None, ge=0, le=2, description="How far the choice is spread; 0 is greedy."
    )
    top_p: float | None = Field(
        None, gt=0, le=1, description="The most likely tokens up to this probability may be chosen."
    )
    top_k: int | None = Field(
        None, ge=0, le=1000, description="So many of the most likely tokens may be chosen; 0 is no limit."
    )
    min_p: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Tokens below this share of the most likely one's probability are left out.",
    )
    typical_p: float | None = Field(
        None, gt=0, le=1, description="The locally typical tokens up to this probability; 1 is no limit."
    )
    do_sample: bool | None = Field(None, description="false: the most likely token is always chosen.")
    seed: int | None = Field(
        None,
        ge=0,
        lt=2**53,
        description="The same seed gives the same answer; drawn, and told, where absent.",
    )
    repetition_penalty: float | None = Field(
        None, gt=0, le=2, description="Above 1: tokens of prompt and answer become less likely to come again."
    )
    presence_penalty: float | None = Field(
        None, ge=-2, le=2, description="Taken from the score of each token that was there."
    )
    frequency_penalty: float | None = Field(
        None, ge=-2, le=2, description="Taken from a token's score for each time that it was there."
    )
    no_repeat_ngram_size: int | None = Field(
        None,
        ge=0,
        le=64,
        description="No so many tokens in a row come twice, prompt included; 0 is no limit.",
    )
    max_new_tokens: int | None = Field(None, ge=1, le=32_768, description="The answer's longest length; 512.")
    min_new_tokens: int | None = Field(
        None, ge=0, le=32_768, description="The model cannot end its answer before."
    )
    stop: StopText | list[StopText] | None = Field(
        None, max_length=256, description="The answer ends before the first of these texts."
    )
    bad_words: list[BadWord] | None = Field(
        None,
        max_length=64,
        description="Texts that may not be written, as their own tokens or after a space.",
    )
    num_beams: int | None = Field(None, ge=1, le=16, description="Beams of a beam search.")
    length_penalty: float | None = Field(None, ge=-10, le=10, description="Of a beam search.")
    early_stopping: bool | None = Field(None, description="Of a beam search.")
    top_p_decay: float | None = Field(
        None, gt=0, le=1, description="Each token multiplies top_p by it; needs top_k 0, as in TensorRT-LLM."
    )
    top_p_min: float | None = Field(None, gt=0, le=1, description="top_p decays no further.")
    logprobs: bool | None = Field(
        None,
        description="The log probability of each token as it was chosen, after temperature and penalties; with "
        "top_logprobs as the model itself sees it, before them.",
    )
    top_logprobs: int | None = Field(
        None, ge=0, le=20, description="As many of the most likely tokens beside each; needs logprobs."
    )
    n: int | None = Field(
        None, ge=1, le=MAX_CHOICES, description="So many answers, of seeds that count up from seed."
    )
    enable_thinking: bool | None = Field(None, description="The model may think before it answers.")
    max_thinking_tokens: int | None = Field(
        None, ge=1, le=32_768, description="A thought is ended, and the answer with it, after so many; 1024."
    )
    response_format: ResponseFormat | None = Field(
        None, description="JSON, or JSON of a schema, enforced while it is written."
    )
    lora: int | None = Field(None, ge=0, lt=2**53, description="The number of an adapter.")
    echo: bool | None = Field(None, description="The text begins with what was asked.")
    truncation: Literal["auto", "disabled"] | None = Field(
        None,
        description="auto: the oldest turns go where a conversation is too long; disabled: it is refused.",
    )

    @property
    def stop_texts(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or [])

    def named(self) -> dict[str, Any]:
        """The parameters that somebody has named, with their values."""
        return {
            name: getattr(self, name) for name in self.model_fields_set if getattr(self, name) is not None
        }
