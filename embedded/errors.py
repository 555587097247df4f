"""Everything that can go wrong before and while the runtime runs, by whose fault it is."""

from __future__ import annotations


class EmbeddedError(Exception):
    """The message says what is wrong and what to do about it; it is shown without a traceback."""


class SettingsError(EmbeddedError):
    """The user's: an environment variable holds something that cannot be used."""


class UnsuitableMachineError(EmbeddedError):
    """The machine's: its Python or its C library cannot run the server."""


class FetchError(EmbeddedError):
    """Something could not be fetched. The cache is as it was before."""


class WrongHashError(FetchError):
    """The source's: the bytes are not those that the lock or the catalogue names."""


class DownloadError(FetchError):
    """The network's or the package index's."""


class HubUnreachableError(FetchError):
    """The Hub's: it cannot be reached, or does not have the file."""


class DiskFullError(FetchError):
    """The disk's."""


class StartError(EmbeddedError):
    """A process could not be started, or ended before it was ready."""


class PortInUseError(StartError):
    """The user's: another program listens on the port."""


class ModelLoadError(StartError):
    """A model's: Triton gave a reason, and the message repeats it."""
