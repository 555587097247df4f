"""A chat over HTTP: what is asked of the server turn by turn, its session, its copy in a file. No terminal in here."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from client.cli.http import Server
from client.cli.values import read_json_object, write_json
from client.errors import WrongInput


class Chat:
    """One chat; its history is kept by the server under `session_id`, which is empty before the first question.

    `parameters` go with every question: model, language, preset and whatever steers the generation.
    """

    def __init__(self, server: Server, parameters: Mapping[str, Any], session_id: str = "") -> None:
        self.parameters = dict(parameters)
        self.session_id = session_id
        self._server = server

    def ask(self, message: str) -> Generator[tuple[str, Any]]:
        """The answer's events: `thinking` and `delta` as they are written, then `done` with all of it.

        Raises:
            Problem, ServerUnreachable, ConnectionLost: as in `Server`.
        """
        if not self.session_id:
            self.session_id = self._server.send("POST", "/sessions", {})["id"]
        asked = {**self.parameters, "message": message, "session_id": self.session_id, "stream": True}
        yield from self._server.events("/inference/chat", asked)

    def think(self, wanted: bool) -> None:
        """Whether the model thinks before it answers, from the next question on."""
        self.parameters["enable_thinking"] = wanted

    def begin_anew(self) -> None:
        """Forget the session; the server keeps it."""
        self.session_id = ""

    def save(self, file: Path) -> None:
        """Write the session to a file.

        Raises:
            WrongInput: nothing was said yet, or the file cannot be written.
        """
        if not self.session_id:
            raise WrongInput("nothing was said yet; there is nothing to save")
        write_json(file, self._server.get(f"/sessions/{quote(self.session_id, safe='')}/export"))

    def load(self, file: Path) -> int:
        """Go on with a saved session, as a new one on the server; the number of its messages."""
        session = self._server.send("POST", "/sessions/import", without_id(read_json_object(file)))
        self.session_id = session["id"]
        return int(session["message_count"])


def without_id(document: Mapping[str, Any]) -> dict[str, Any]:
    """An exported session that becomes a new one where it is imported, also beside the one that it was."""
    session = {name: value for name, value in document.get("session", {}).items() if name != "id"}
    return {**document, "session": session}
