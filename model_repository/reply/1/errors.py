"""What can go wrong in a reply, by whose fault it is."""

from __future__ import annotations


class SettingsError(ValueError):
    """A value in `config.pbtxt`, or in the environment variable that it names, cannot be used."""


class InvalidInputError(ValueError):
    """The caller's fault; the message begins with the tensor's name."""


class ModelCallError(RuntimeError):
    """A model that the reply is made with refused or failed; `code` is its Triton status."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
