"""What one check found: problems, or nothing, or the reason why it did not run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`problems` is empty where all is well; `skipped` says why nothing was checked."""

    check: str
    problems: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def ok(self) -> bool:
        """False where something has to be mended."""
        return not self.problems

    def lines(self) -> list[str]:
        """The finding as text: one line, and one for each problem."""
        if self.skipped:
            return [f"skipped  {self.check}: {self.skipped}"]
        return [
            f"{'ok' if self.ok else 'WRONG':8} {self.check}",
            *(f"         {text}" for text in self.problems),
        ]
