"""Lays out Triton's Python stub, taught to read NumPy 2's arrays where it will meet them.

The stub was compiled against NumPy 1 and reads a dtype's element size at the offset it had there. For Python 3.13
there is only NumPy 2, so the five instructions that read it are given the new offset, in our copy of the file.
docs/decisions/0003 has the evidence. The x86-64 patch is run by the tests; the aarch64 one was derived from the same
five places of that file's disassembly and has not been run on aarch64.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from embedded.errors import UnsuitableMachineError

TENSOR_LIFETIMES = Path(__file__).with_name("tensor_lifetimes.py")
_NUMPY_2_ELSIZE_OFFSET = 0x28


@dataclass(frozen=True)
class Patch:
    """Where one exact stub holds the offset (NumPy 1's: 0x20), and the sha256 of the file that results."""

    byte_positions: tuple[int, ...]
    sha256: str


# By the sha256 of the unpatched file. Both are of nvidia-pytriton 0.7.0 and for Python 3.13: x86-64, then aarch64.
PATCHES = {
    "7b701b4b4bc01ca7af0350eaffa4f2aed92f02b465b3494a265059e4d3ca6cf8": Patch(
        (0xA6C74, 0xA6E90, 0xA7664, 0xA78A9, 0xACA2B),
        "467908b5702ed87624fdc64e590d218a977e86359d8dabc2ddf7e8713d459f04",
    ),
    "b8d5570fe38b73ccc3c648ea20332e797fe725881a1f4da14e1a93f981d25077": Patch(
        (0x9214D, 0x92329, 0x92B75, 0x92D69, 0x98749),
        "eb17104dbbb8eff74e7ed6373ba5391bbe8764aa7ada75aff04f115c30857a59",
    ),
}


def installed_numpy_major() -> int:
    """The major version of the NumPy that is installed beside us, which is the one that the stub imports."""
    return int(version("numpy").split(".")[0])


def place(source: Path, target: Path, numpy_major: int) -> None:
    """Copy the stub; from NumPy 2 on, patched. Raises: UnsuitableMachineError when no patch is known for it."""
    if numpy_major < 2:
        shutil.copy2(source, target)
        return
    patched = _patched(source.read_bytes(), source)
    target.write_bytes(patched)
    shutil.copymode(source, target)


def hold_tensors(python_backend: Path) -> None:
    """Make every model of that backend folder hold its tensors longer: see `tensor_lifetimes`."""
    shutil.copy2(TENSOR_LIFETIMES, python_backend)
    with (python_backend / "triton_python_backend_utils.py").open("a", encoding="utf-8") as module:
        module.write(f"\n\nimport {TENSOR_LIFETIMES.stem}\n")


def _patched(stub: bytes, source: Path) -> bytes:
    digest = hashlib.sha256(stub).hexdigest()
    patch = PATCHES.get(digest)
    if patch is None:
        raise UnsuitableMachineError(
            f"{source} (sha256 {digest}) reads the arrays of NumPy 1, and NumPy 2 is installed: install what "
            "requirements.lock names for this Python (make setup)"
        )
    patched = bytearray(stub)
    for position in patch.byte_positions:
        patched[position] = _NUMPY_2_ELSIZE_OFFSET
    if hashlib.sha256(patched).hexdigest() != patch.sha256:
        raise UnsuitableMachineError(
            f"the patch of {source} in embedded/stub.py is wrong, which is a defect of this project; "
            "a Python below 3.13 needs none (make setup PYTHON=python3.12)"
        )
    return bytes(patched)
