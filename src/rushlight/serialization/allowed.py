"""Classes and functions that a program allows checkpoints to name, beside those of `rebuild`.

What is allowed here runs: a file chooses its arguments. So it is the program that says it, by hand.
"""

from __future__ import annotations

import _compat_pickle
import sys
from collections.abc import Iterable
from typing import Any

from ..tensor import Tensor
from .names import TV_TENSORS

# Never found, even if allowed: their functions work on files and processes.
BLOCKED = ("sys", "os", "posix", "nt")

_allowed: dict[Any, None] = {}  # in the order in which they came


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Allows checkpoints to name classes and functions, which then run when a file says so.

    Each is a class or a function, or a pair of one and the name (with its module) by which files
    know it. A file may make instances of such a class, set their state and call such a function
    with arguments of its choice: allow only what does no harm with any.

    >>> import io, fractions
    >>> import rushlight as torch
    >>> torch.serialization.add_safe_globals([fractions.Fraction])
    >>> file = io.BytesIO()
    >>> torch.save({"ratio": fractions.Fraction(1, 3)}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'ratio': Fraction(1, 3)}
    >>> torch.serialization.clear_safe_globals()
    """
    new = list(safe_globals)
    names_of(new)  # before anything is changed
    _allowed.update(dict.fromkeys(new))


def get_safe_globals() -> list[Any]:
    """What `add_safe_globals` has allowed.

    >>> import rushlight as torch
    >>> torch.serialization.get_safe_globals()
    []
    """
    return list(_allowed)


def clear_safe_globals() -> None:
    """Allows nothing beside what checkpoints may hold by themselves.

    >>> import rushlight as torch
    >>> torch.serialization.clear_safe_globals()
    """
    _allowed.clear()


class safe_globals:
    """Allows classes and functions, as `add_safe_globals` does, for the time of a `with`.

    >>> import fractions
    >>> import rushlight as torch
    >>> with torch.serialization.safe_globals([fractions.Fraction]):
    ...     torch.serialization.get_safe_globals()
    [<class 'fractions.Fraction'>]
    >>> torch.serialization.get_safe_globals()
    []
    """

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self.safe_globals = list(safe_globals)

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error: object) -> None:
        for value in self.safe_globals:
            _allowed.pop(value, None)


def names_of(values: Iterable[Any]) -> dict[tuple[str, str], Any]:
    """Classes and functions by the modules and names that files know them by."""
    names: dict[tuple[str, str], Any] = {}
    for value in values:
        if isinstance(value, tuple):
            if len(value) != 2:
                raise ValueError(
                    "Expected tuple of length 2 (global, str of callable full path), but got tuple "
                    f"of length: {len(value)}"
                )
            value, path = value
            if type(path) is not str:
                raise TypeError(
                    "Expected second item in tuple to be str of callable full path, but got: "
                    f"{type(path)}"
                )
            module, _, name = path.rpartition(".")
        else:
            try:
                module, name = value.__module__, value.__qualname__
            except AttributeError as error:
                raise TypeError(
                    f"add_safe_globals takes classes and functions, got {value!r}"
                ) from error
        names[pytorchs_module(module, name), name] = value
    return names


def pytorchs_module(module: str, name: str) -> str:
    """The module by which PyTorch's files know a class of Rushlight."""
    if module == "rushlight.vision.tv_tensors" and name in TV_TENSORS:
        return TV_TENSORS[name]
    package, dot, rest = module.partition(".")
    return f"torch{dot}{rest}" if package == "rushlight" else module


def allowed_names() -> dict[tuple[str, str], Any]:
    """What may be named by now."""
    return names_of(_allowed)


def is_allowed(value: Any) -> bool:
    """Whether the program has allowed a class or a function."""
    return any(value is found for found in allowed_names().values())


def may_be_attribute(name: Any) -> bool:
    """Whether a file may set an attribute of this name.

    Python and NumPy find out by names with double underscores what an object is, and where its
    memory is: no file says so.
    """
    return type(name) is str and name.isidentifier() and not name.startswith("__")


def is_tensors_class(value: Any) -> bool:
    """Whether something is a class of tensors, as a program may have allowed one."""
    return isinstance(value, type) and issubclass(value, Tensor)


def modern_name(module: str, name: str) -> tuple[str, str]:
    """Python 3's place of a name as pickles of protocol 2 have it."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def is_named_tuple(kind: Any) -> bool:
    """Whether a class is a named tuple's and nothing more."""
    return (
        type(kind) is type and kind.__bases__ == (tuple,)
        and type(vars(kind).get("_fields")) is tuple
    )  # fmt: skip


def is_hashed_as_tuple(kind: Any) -> bool:
    """Whether it is a named tuple whose elements are hashed and compared as those of a tuple are.
    """
    return is_named_tuple(kind) and not {"__hash__", "__eq__"} & vars(kind).keys()


def imported_named_tuple(module: str, name: str) -> Any:
    """The named tuple of a name in a module that the program has imported; None if there is none.

    Only looked at: neither the module nor the class runs anything.
    """
    package, dot, rest = module.partition(".")
    place = sys.modules.get(f"rushlight{dot}{rest}" if package == "torch" else module)
    found = None if place is None else vars(place).get(name)
    return found if is_named_tuple(found) else None


def is_namespace(kind: Any) -> bool:
    """Whether a class is argparse's of arguments, which is there once the program has imported it.
    """
    argparse = sys.modules.get("argparse")
    return argparse is not None and kind is argparse.Namespace
