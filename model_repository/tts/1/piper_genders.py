"""Whether a woman or a man was recorded for a Piper voice. Only data.

Piper's voice files do not say it. A voice is here where its data set's description or its own name says so; voices of
many speakers and any doubt are left out.
"""

from __future__ import annotations

from typing import Literal

_FEMALE = """
alba amy cori eva_k hfc_female jenny_dioco kathleen kerstin lessac ljspeech paola ramona siwis southern_english_female
"""
_MALE = """
alan bryce carlfm danny davefx gilles hfc_male joe john karlsson kareem kusal norman northern_english_male pavoque
riccardo ryan thorsten
"""
_GENDERS: dict[str, Literal["female", "male"]] = {
    **dict.fromkeys(_FEMALE.split(), "female"),
    **dict.fromkeys(_MALE.split(), "male"),
}


def gender_of(name: str) -> Literal["female", "male"] | None:
    """Of a voice named as Piper names its files (`en_US-joe-medium`); None where it is not known."""
    parts = name.split("-")
    return _GENDERS.get(parts[1]) if len(parts) > 1 else None
