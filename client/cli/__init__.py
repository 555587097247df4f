"""The `beautyai` command. `app.py` joins its parts; heavy packages are imported only where a command needs them."""

from client.cli.app import main

__all__ = ["main"]
