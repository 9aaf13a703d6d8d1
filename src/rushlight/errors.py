"""Errors that know where they happened.

Operations raise PyTorch's exception types. `OperationError` is PyTorch's RuntimeError that the
modules on the way out complete: `... (in Net.features.conv1)`.
"""

from __future__ import annotations


class OperationError(RuntimeError):
    """An operation refused its inputs: says which one, what met, and the likely fix."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.module_names: list[str] = []
        self.module_id: int | None = None  # of the module that added its name last

    def add_module(self, name: str) -> None:
        """Called by `Module.__call__` while the error passes, from the innermost module outward."""
        self.module_names.insert(0, name)
        self.args = (str(self),)

    def __str__(self) -> str:
        if not self.module_names:
            return self.message
        return f"{self.message} (in {'.'.join(self.module_names)})"


class OutOfRangeError(OperationError, IndexError):
    """An index or label outside its range: PyTorch's IndexError, with the module's path."""


class NotSupportedError(OperationError, NotImplementedError):
    """Something PyTorch has and this operation, dtype or device does not (yet)."""


def shapes(*arrays: object) -> str:
    """The shapes that met, for a message: `(2, 3) and (4,)`."""
    return " and ".join(str(tuple(getattr(a, "shape", ()))) for a in arrays)
