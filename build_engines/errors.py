"""Everything that can go wrong while an engine is made, by whose fault it is."""

from __future__ import annotations


class BuildError(Exception):
    """The message says what is wrong and what to do about it; it is shown without a traceback."""


class RecipeError(BuildError):
    """The recipe's: it cannot be read, or asks for what does not go together."""


class UnsupportedPrecisionError(RecipeError):
    """The recipe's: this release builds no such engine of this model, or the GPU has no such arithmetic."""


class UnsuitableMachineError(BuildError):
    """The machine's: too little disk or memory, another GPU, another release. Checked before a step starts."""


class DownloadError(BuildError):
    """The hub's: it cannot be reached, or what it sent is not what it or the lock names."""


class StepError(BuildError):
    """A tool's: one of TensorRT-LLM's commands failed. Its own words are in the log that the message names."""


class EngineMismatchError(BuildError):
    """The engine's: it is not what the recipe, the repository or this machine needs."""


class QualityError(BuildError):
    """The engine's: it answers too differently from the reference."""


class RenderError(BuildError):
    """The repository's or the caller's: a parameter is unknown or missing, or a path cannot be used."""
