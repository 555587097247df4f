"""One spoken turn on the rendered repository: the CPU server, its twin behind `tensorrtllm`, the admin key set."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from production.finding import Finding
from production.images import ROOT

CHECK = "a spoken turn on the rendered repository, on the CPU server"
_SECONDS = 600
_LAST_LINES = 15


def spoken_turn(repository: Path, folder: Path, environment: Mapping[str, str] = os.environ) -> Finding:
    """Start everything on free ports, ask the demo's recorded question, keep the spoken answer in `folder`."""
    reply = folder / "reply.wav"
    demo = [sys.executable, "-m", "client.demo", "--reply", str(reply), "--patience", "120"]
    changes = {
        "BEAUTYAI_MODEL_REPOSITORY": str(repository),
        "BEAUTYAI_TRITON_ADMIN_KEY": secrets.token_hex(16),
        "BEAUTYAI_ADMISSION_WAIT_MS": "600000",
        "BEAUTYAI_WHISPER": "tiny.en",
    }
    done = subprocess.run(
        [sys.executable, "-m", "embedded", "run", "--", *demo],
        cwd=ROOT,
        env={**environment, **changes},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    said = (done.stdout + done.stderr).splitlines()
    if done.returncode == 0 and reply.is_file():
        return Finding(CHECK)
    return Finding(CHECK, (f"exit status {done.returncode}", *said[-_LAST_LINES:]))
