"""Whose fault a failed generation is.

The glue maps each class to one Triton status; nothing here knows Triton.
"""

from __future__ import annotations


class LlmError(Exception):
    """Base of everything that this backend raises on purpose."""


class BadRequestError(LlmError):
    """The caller's fault. The message begins with the name of the tensor to change."""


class QueueFullError(LlmError):
    """Nobody's fault: every slot and every place in the queue is taken. Retry later."""


class UnloadingError(LlmError):
    """The model is being unloaded; the generation cannot be finished here."""


class ConfigurationError(LlmError):
    """The operator's fault: a setting, a file or a library that cannot work. Fails the load."""
