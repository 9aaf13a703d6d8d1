"""Errors that know where they happened.

Operations raise PyTorch's exception types. `OperationError` is PyTorch's RuntimeError that the
modules on the way out complete: `... (in Net.features.conv1)`.

Under `rushlight run` they print as PyTorch's do, `RuntimeError: ...`: see `take_pytorchs_names`.
"""

from __future__ import annotations

import re
from typing import Any

# How messages begin: "nll_loss: ..." or "nll_loss(): ...".
_OPERATION = re.compile(r"([a-z_][a-z0-9_.]*)(?:\(\))?: ")


class OperationError(RuntimeError):
    """An operation refused its inputs: says which one, what met, and the likely fix."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.module_names: list[str] = []
        self.module_id: int | None = None  # of the module that added its name last

    def call_by(self, name: str) -> None:
        """Names the function that was called in the place of one that it calls in turn."""
        found = _OPERATION.match(self.message)
        if found is None or found[1].rpartition(".")[2] == name.rpartition(".")[2]:
            return
        self.message = name + self.message[found.end(1) :]
        self.args = (str(self),)

    def add_module(self, name: str) -> None:
        """Called by `Module.__call__` while the error passes, from the innermost module outward."""
        self.module_names.insert(0, name)
        self.args = (str(self),)

    def __reduce__(self) -> Any:
        # By what the class is called here, as its name may be PyTorch's.
        if type(self) in _NAMES:
            return _remade, (_NAMES[type(self)], self.message, self.__dict__)
        return super().__reduce__()

    def __str__(self) -> str:
        if not self.module_names:
            return self.message
        return f"{self.message} (in {'.'.join(self.module_names)})"


class LinAlgError(OperationError):
    """A matrix that a decomposition or a solver cannot do with: singular, or not definite.

    >>> import rushlight as torch
    >>> issubclass(torch.linalg.LinAlgError, RuntimeError)
    True
    """


class OutOfRangeError(OperationError, IndexError):
    """An index or label outside its range: PyTorch's IndexError, with the module's path."""


class InvalidValueError(OperationError, ValueError):
    """A number, size or option that an operation cannot do with: PyTorch's ValueError."""


class ArgumentError(OperationError, TypeError):
    """An argument of a wrong type: PyTorch's TypeError.

    What finds it does not know whose argument it is; the name of the function comes in front.
    """

    def call_by(self, name: str) -> None:
        if _OPERATION.match(self.message) is None:
            self.message = f"{name}(): {self.message}"
            self.args = (str(self),)
        else:
            super().call_by(name)


class UnmetError(OperationError, AssertionError):
    """What an operation expects and does not find: PyTorch's AssertionError."""


class OutOfMemoryError(OperationError, MemoryError):
    """There is no memory for a result: PyTorch's RuntimeError, and Python's MemoryError.

    >>> import rushlight as torch
    >>> issubclass(torch.OutOfMemoryError, RuntimeError)
    True
    """


class DataError(RuntimeError, OSError):
    """A file, folder, download or image that cannot be used: one sentence with the way out.

    PyTorch raises a RuntimeError for some of these and an OSError for others, so that programs
    which skip what is damaged catch either. `errno`, `strerror` and `filename` are None.

    >>> from rushlight.vision import DataError
    >>> issubclass(DataError, RuntimeError), issubclass(DataError, OSError)
    (True, True)
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(f"{problem}; {advice}" if advice else problem)
        self.problem = problem


class NotSupportedError(OperationError, NotImplementedError):
    """Something PyTorch has and this operation, dtype or device does not (yet)."""


_CLASSES = {
    kind.__name__: kind for kind in (
        OperationError, LinAlgError, OutOfRangeError, InvalidValueError, ArgumentError, UnmetError,
        OutOfMemoryError, NotSupportedError,
    )
}  # fmt: skip
_NAMES = {kind: name for name, kind in _CLASSES.items()}


def _remade(name: str, message: str, state: dict[str, Any]) -> OperationError:
    error = _CLASSES[name](message)
    error.__dict__.update(state)
    error.args = (str(error),)
    return error


def take_pytorchs_names() -> None:
    """Lets the classes print as PyTorch's: in tracebacks, in `repr` and as `type(error).__name__`.

    Programs print these, and readers look them up.
    """
    from .missing import MissingNameError
    from .serialization.errors import CheckpointError, DamagedError

    for kind in _NAMES:
        builtin = [base for base in kind.__bases__ if base not in _NAMES]
        # PyTorch's own for the CPU is a RuntimeError, no MemoryError.
        name = builtin[0].__name__ if builtin and kind is not OutOfMemoryError else "RuntimeError"
        kind.__module__, kind.__name__, kind.__qualname__ = "builtins", name, name
    others: dict[type, str] = {
        MissingNameError: "builtins.AttributeError", LinAlgError: "torch._C._LinAlgError",
        CheckpointError: "_pickle.UnpicklingError", DamagedError: "builtins.RuntimeError",
    }  # fmt: skip
    for other, path in others.items():
        other.__module__, _, other.__name__ = path.rpartition(".")
        other.__qualname__ = other.__name__


def check_int64(what: str, *values: int) -> None:
    """PyTorch's error for a count or place that 64 bits do not hold."""
    for value in values:
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"{what}: Overflow when unpacking long long (got {value})")


def check_int32(*values: int) -> None:
    """PyTorch's error for a size that it keeps in 32 bits."""
    for value in values:
        if not -(2**31) <= value < 2**31:
            raise OperationError(f"value cannot be converted to type int without overflow: {value}")


def shapes(*arrays: object) -> str:
    """The shapes that met, for a message: `(2, 3) and (4,)`."""
    return " and ".join(str(tuple(getattr(a, "shape", ()))) for a in arrays)


def batch_of_one(dimensions: int, wanted: int) -> str:
    """What to do with one sample where only a batch is taken, for a message; nothing elsewhere.

    >>> from rushlight.errors import batch_of_one
    >>> batch_of_one(3, 4)
    '; a batch of one sample is input.unsqueeze(0)'
    """
    one_less = dimensions == wanted - 1
    return "; a batch of one sample is input.unsqueeze(0)" if one_less else ""


def one_channel(dimensions: int, rank: int) -> str:
    """What to do with an image that has no dimension of channels, for a message.

    `rank` is how many dimensions an image of one channel has; nothing is said of others.
    """
    return "; its only channel is input.unsqueeze(0)" if dimensions == rank else ""


_AMOUNT = re.compile(r"allocate (\S+ (?:bytes|.iB))")  # NumPy's words and the extension's
# What NumPy and CuPy say of arrays with more bytes than addresses.
_TOO_LARGE = ("array is too big", "Maximum allowed dimension", "Maximum allowed size")


def unmade(name: str, error: Exception, sizes: str) -> OperationError | None:
    """The error where an array could not be made; None where `error` is about something else.

    `sizes` says what the operation was given.
    """
    text = str(error)
    if isinstance(error, MemoryError) and not isinstance(error, OperationError):
        amount = _AMOUNT.search(text)
        told = f" (you tried to allocate {amount[1]})" if amount else ""
        return OutOfMemoryError(f"{name}: can't allocate memory for {sizes}{told}")
    if isinstance(error, ValueError) and text.startswith(_TOO_LARGE):
        return OperationError(f"{name}: Storage size calculation overflowed with {sizes}")
    return None
