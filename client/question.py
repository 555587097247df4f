"""A recorded question that comes with the client: for the demo, the smoke test and the benchmark."""

from __future__ import annotations

from pathlib import Path

DEFAULT_QUESTION = "What do plants need to grow?"
# A recording, because a voice never says a thing twice alike and what it says may be misheard.
DEFAULT_RECORDING = Path(__file__).with_name("question.wav")
EXPECTED_WORD = "plants"
