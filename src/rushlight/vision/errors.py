"""What the bridges to files of images raise, for programs that show it to their user."""

from __future__ import annotations


class DataError(RuntimeError):
    """A data file, folder, download or image that cannot be used: one sentence with the way out."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(f"{problem}; {advice}" if advice else problem)
        self.problem = problem
