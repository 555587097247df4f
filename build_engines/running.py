"""One of TensorRT-LLM's commands, run to its end: all of its output into a log, a line of progress now and then."""

from __future__ import annotations

import collections
import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from build_engines.errors import StepError

Say = Callable[[str], None]
PROGRESS_SECONDS = 15.0
LAST_LINES = 20


def run(
    name: str, command: Sequence[str], log: Path, say: Say, progress_seconds: float = PROGRESS_SECONDS
) -> None:
    """Run a command; its output goes to `log`, and the newest line of it to `say` every `progress_seconds`.

    Raises: StepError with the last lines where it fails or does not exist.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"{name}: {shlex.join(command)}")
    started = time.monotonic()
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            tail = _follow(
                process,
                log,
                lambda line: say(f"  {time.monotonic() - started:5.0f} s  {line}"),
                progress_seconds,
            )
    except FileNotFoundError:
        raise StepError(f"{name}: there is no command {command[0]} here; run in the serving image") from None
    if process.returncode != 0:
        last = "\n".join(f"  {line}" for line in tail)
        raise StepError(
            f"{name} failed with status {process.returncode}; all of its output is in {log}. It ended:\n{last}"
        )
    say(f"{name}: done in {time.monotonic() - started:.0f} s, log in {log}")


def _follow(
    process: subprocess.Popen[str], log: Path, show: Callable[[str], None], progress_seconds: float
) -> collections.deque[str]:
    tail: collections.deque[str] = collections.deque(maxlen=LAST_LINES)
    shown = time.monotonic()
    assert process.stdout is not None
    with log.open("w", encoding="utf-8") as file:
        for line in process.stdout:
            file.write(line)
            tail.append(line.rstrip())
            if time.monotonic() - shown >= progress_seconds:
                shown = time.monotonic()
                show(line.strip()[:160])
    return tail
