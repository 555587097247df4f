"""Whose fault it is that a prompt cannot be made."""

from __future__ import annotations


class InvalidInputError(ValueError):
    """The caller's fault. The message begins with the name of the tensor to change."""


class ConfigurationError(ValueError):
    """The operator's fault: a setting or a tokenizer folder that cannot work. Fails the load."""
