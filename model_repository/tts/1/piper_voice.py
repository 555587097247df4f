"""Piper voices on this machine, and which of them speaks. Knows nothing of networks or of Triton."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from piper import PiperConfig, PiperVoice, SynthesisConfig

from .piper_genders import gender_of
from .speech import InvalidInputError, Listed, VoiceError

logger = logging.getLogger(__name__)


class LocalVoice:
    """One Piper voice: `name` of its file, `language` such as `en-us`, `sample_rate` in Hz."""

    reads_numbers = False

    def __init__(self, model: Path, threads: int) -> None:
        """Load `NAME.onnx` with `NAME.onnx.json` beside it. Raises VoiceError, naming the file."""
        try:
            description = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
            config = PiperConfig.from_dict(description)
            self._piper = PiperVoice(session=_session(model, threads), config=config)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise VoiceError(f"the voice {model} cannot be loaded: {error}") from error
        self.name = model.stem
        self.sample_rate = config.sample_rate
        self.language = _language(description, model.stem)

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        """Yield one int16 piece (n_samples,) per sentence, as Piper makes them."""
        scale = SynthesisConfig(length_scale=self._piper.config.length_scale / speed)
        for sentence in self._piper.synthesize(text, scale):
            yield sentence.audio_int16_array


class LocalVoices:
    """Every voice of the folder, chosen by name or by language."""

    def __init__(self, voices: Sequence[LocalVoice], default_voice: str = "") -> None:
        """`default_voice` empty: the first English voice, else the first. Raises VoiceError."""
        if not voices:
            raise VoiceError("there is no voice to speak with")
        self._by_name = {voice.name: voice for voice in sorted(voices, key=lambda voice: voice.name)}
        if default_voice and default_voice not in self._by_name:
            raise VoiceError(f"the default voice {default_voice!r} is not among {self.names()}")
        self._default = self._by_name.get(default_voice) or self._of_language("en") or voices[0]

    @classmethod
    def load(cls, folder: Path, threads: int, default_voice: str = "") -> LocalVoices:
        """Load every `NAME.onnx` of `folder`. Raises VoiceError when there is none."""
        models = sorted(folder.glob("*.onnx"))
        if not models:
            raise VoiceError(f"BEAUTYAI_VOICES_DIR={folder} holds no NAME.onnx with NAME.onnx.json")
        return cls([LocalVoice(model, threads) for model in models], default_voice)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def names(self) -> str:
        """The known names in one line, for messages."""
        return ", ".join(self._by_name)

    def listed(self) -> list[Listed]:
        """All of them, sorted by name."""
        return [
            Listed(voice.name, voice.language, gender_of(voice.name), "piper", voice is self._default)
            for voice in self._by_name.values()
        ]

    def choose(self, name: str, language: str) -> LocalVoice:
        """The voice called `name`; without a name the first of `language`; else the default voice.

        A language that no voice speaks gets the default voice and a warning: audio with a wrong accent tells
        the user more than silence, and the answer says which voice it was. Raises InvalidInputError for an
        unknown name.
        """
        if name:
            if name not in self._by_name:
                raise InvalidInputError(f"VOICE {name!r} is unknown; the voices here are: {self.names()}")
            return self._by_name[name]
        found = self._of_language(language) if language else self._default
        if found is None:
            logger.warning("no voice speaks %r; %s is used instead", language, self._default.name)
        return found or self._default

    def _of_language(self, language: str) -> LocalVoice | None:
        voices = self._by_name.values()
        primary = language.split("-", maxsplit=1)[0]
        exact = (voice for voice in voices if voice.language == language)
        return next(exact, None) or next((v for v in voices if v.language.split("-")[0] == primary), None)


def _session(model: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from the LLM, which runs beside this model.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _language(description: dict[str, dict[str, str]], name: str) -> str:
    code = description.get("language", {}).get("code") or name.split("-", maxsplit=1)[0]
    return code.lower().replace("_", "-")
