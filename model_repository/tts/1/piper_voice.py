"""Piper voices on this machine, and which of them speaks. Knows nothing of networks or of Triton."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from piper import PiperConfig, PiperVoice

from .piper_genders import gender_of
from .speech import InvalidInputError, Listed, VoiceError
from .vits import Vits

logger = logging.getLogger(__name__)


# Said once to itself: the first inference is slow, and how loud the voice is must be known before its first sample.
# Digits are read in every language.
_REHEARSAL = "1 2 3 4 5"
_REHEARSED_PEAK = 0.8
_QUIETEST_PEAK = 0.05
_RAMP_SAMPLES = 256


class LocalVoice:
    """One Piper voice: `name` of its file, `language` such as `en-us`, `sample_rate` in Hz."""

    reads_numbers = False

    def __init__(self, model: Path, threads: int) -> None:
        """Load `NAME.onnx` with `NAME.onnx.json` beside it. Raises VoiceError, naming the file."""
        try:
            description = json.loads(Path(f"{model}.json").read_text(encoding="utf-8"))
            self._config = PiperConfig.from_dict(description)
            self._network = Vits(model, threads)
            # Only for its phonemes: the network is not asked through it.
            self._piper = PiperVoice(session=None, config=self._config)
            rehearsal = [peak(samples) for samples in self._samples(_REHEARSAL, 1.0)]
        except (OSError, ValueError, KeyError, RuntimeError, DecodeError) as error:
            raise VoiceError(f"the voice {model} cannot be loaded: {error}") from error
        self.name = model.stem
        self.sample_rate = self._config.sample_rate
        self.language = _language(description, model.stem)
        self._gain = _REHEARSED_PEAK / max(_QUIETEST_PEAK, *rehearsal, 0.0)

    def speak(self, text: str, speed: float) -> Iterator[NDArray[np.int16]]:
        """Yield int16 pieces (n_samples,) while the sentence goes on to be made, all as loud as the voice is."""
        gain = self._gain
        for samples in self._samples(text, speed):
            before, gain = gain, min(gain, 1.0 / max(_QUIETEST_PEAK, peak(samples)))
            yield amplified(samples, before, gain)

    def _samples(self, text: str, speed: float) -> Iterator[NDArray[np.float32]]:
        config = self._config
        scales = [config.noise_scale, config.length_scale / speed, config.noise_w_scale]
        for phonemes in filter(None, self._piper.phonemize(text)):
            ids = self._piper.phonemes_to_ids(phonemes)
            inputs: dict[str, NDArray[Any]] = {
                "input": np.array([ids], dtype=np.int64),
                "input_lengths": np.array([len(ids)], dtype=np.int64),
                "scales": np.array(scales, dtype=np.float32),
            }
            if config.num_speakers > 1:
                inputs["sid"] = np.array([config.default_speaker_id], dtype=np.int64)
            yield from self._network.speak(inputs)


def peak(samples: NDArray[np.float32]) -> float:
    """The largest magnitude; 0 of nothing."""
    return float(np.abs(samples).max(initial=0.0))


def amplified(samples: NDArray[np.float32], before: float, gain: float) -> NDArray[np.int16]:
    """`samples` (n,) within ±1, times `gain`, which is reached from `before` without a step that would click."""
    gains = np.full(len(samples), gain, dtype=np.float32)
    ramp = gains[:_RAMP_SAMPLES]
    ramp[:] = np.linspace(before, gain, len(ramp), dtype=np.float32)
    return (np.clip(samples * gains, -1.0, 1.0) * np.float32(32767)).astype(np.int16)


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


def _language(description: dict[str, dict[str, str]], name: str) -> str:
    code = description.get("language", {}).get("code") or name.split("-", maxsplit=1)[0]
    return code.lower().replace("_", "-")
