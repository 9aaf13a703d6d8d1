"""float16 and bfloat16: every generic kernel that computes does so in float32, and rounds once.

NumPy's own arithmetic of halves rounds after each step, and adds up in them: a million ones of
bfloat16 are 256. What only moves elements (views, copies, indexing) takes halves as they are.

The same layer around the generic kernels keeps them quiet (`kernels/quiet.py`), and sees to it that
dtypes which a kernel does not take, and a result for which there is no memory, are refused before
any work for them. A native kernel that takes an array never comes here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ...categories import check_taken
from ...dtype import HALVES, float32
from ..declaration import Declaration, kernels_of
from ..launch import plain_tables
from ..quiet import quiet_context

_COMPUTES = {"elementwise", "reduction", "scan", "product", "window", "update", "fused"}
# Of those that compute, what depends on the numbers that a dtype has, or gives float32.
_AS_THEY_ARE = {"nan_to_num", "nextafter", "wide_matmul"}
_NO_VALUES = {"view", "read", "check"}
# Kinds whose kernels look through an argument before they make a result that is as large, and the
# places of such arguments. Of one element in memory, expanded to 2**45, the look would never end.
_AS_LARGE = {"scan": slice(0, 1), "fused": slice(0, 1), "indexing": slice(1, None)}
_MANY = 2**40  # elements that no memory has room for
# Of the kernels that place elements, those that add where places are named twice.
_ADDS = {"scatter_add", "scatter_reduce", "index_put_add", "index_add", "pad_backward"}


def wrap_kernels(table: type) -> None:
    """Lets the kernels of a class of tables that compute take halves as float32, and silences all
    that have to do with values."""
    for name, declaration in kernels_of(table).items():
        kernel = getattr(table, name)
        if (declaration.kind in _COMPUTES or name in _ADDS) and name not in _AS_THEY_ARE:
            setattr(table, name, _widening(name, kernel, declaration))
        elif declaration.kind not in _NO_VALUES:
            setattr(table, name, _quiet(kernel))
        if declaration.kind in _AS_LARGE:
            setattr(table, name, _with_room(getattr(table, name), _AS_LARGE[declaration.kind]))
        if declaration.takes is not None:
            setattr(table, name, refusing(name, getattr(table, name), declaration))


def refusing(name: str, kernel: Any, declaration: Declaration) -> Any:
    """The kernel behind a look at its first array: is it of a dtype that the declaration takes?"""
    takes = declaration.takes or ()
    states = 1 if declaration.kind == "random" else 0  # a generator's state comes first

    def of_taken(self: Any, *arguments: Any, **options: Any) -> Any:
        for x in arguments[states:]:  # the first may be a number
            if hasattr(x, "dtype"):
                check_taken(name, x, takes)
                break
        return kernel(self, *arguments, **options)

    return functools.wraps(kernel)(of_taken)


def _with_room(kernel: Any, places: slice) -> Any:
    def with_room(self: Any, *arguments: Any, **options: Any) -> Any:
        for value in arguments[places]:
            for array in value if type(value) is tuple else (value,):
                if getattr(array, "size", 0) > _MANY:
                    self.xp.empty(array.shape, array.dtype)  # raises MemoryError
        return kernel(self, *arguments, **options)

    return functools.wraps(kernel)(with_room)


def _quiet(kernel: Any) -> Any:
    def of_any(self: Any, *arguments: Any, **options: Any) -> Any:
        return quiet_context().run(kernel, self, *arguments, **options)

    return functools.wraps(kernel)(of_any)


def _widening(name: str, kernel: Any, declaration: Declaration) -> Any:
    """The kernel behind a look at its first argument.

    That is an array of the type that is computed in, or a list of them. The look takes 0.07 us with
    the arguments written out, as most kernels have them, 0.3 us with any; the quiet 0.12 us.
    """
    compute = _computing_wide(name, kernel, declaration)

    def of_any(self: Any, first: Any, *rest: Any, **options: Any) -> Any:
        if getattr(first, "itemsize", 2) != 2:
            return quiet_context().run(kernel, self, first, *rest, **options)
        return quiet_context().run(compute, self, first, *rest, **options)

    def of_one(self: Any, x: Any, out: Any = None) -> Any:
        if getattr(x, "itemsize", 2) != 2:
            return quiet_context().run(kernel, self, x, out)
        return quiet_context().run(compute, self, x, out)

    def of_two(self: Any, a: Any, b: Any, out: Any = None) -> Any:
        if getattr(a, "itemsize", 2) != 2:
            return quiet_context().run(kernel, self, a, b, out)
        return quiet_context().run(compute, self, a, b, out)

    count = kernel.__code__.co_argcount if "out" in declaration.writes else 0
    look: Any = of_one if count == 3 else of_two if count == 4 else of_any
    return functools.wraps(kernel)(look)


def _computing_wide(name: str, kernel: Any, declaration: Declaration) -> Callable[..., Any]:
    """The kernel as it is, or on float32 where the first argument is a half."""

    def compute(self: Any, first: Any, *rest: Any, **options: Any) -> Any:
        half = _half_of(first)
        if half is None:
            return kernel(self, first, *rest, **options)
        # A device's own kernel of float32 comes before the generic one.
        table = plain_tables.get(type(first), self)
        arguments = [first, *rest]
        target = options.pop("out", None)
        written = []
        for argument, position in zip(declaration.writes, declaration.positions, strict=True):
            if position >= len(arguments):
                continue  # given by name, or left away
            if argument == "out":  # the last argument
                target = arguments.pop()
            else:
                written.append(position)
        wide = [_widened(argument, table) for argument in arguments]
        options = {key: _widened(value, table) for key, value in options.items()}
        result = getattr(table, name)(*wide, **options)
        for position in written:
            _write_back(arguments[position], wide[position], table)
        if target is not None:
            table.copy(target, result)
            return target
        return _rounded(result, half, table)

    return compute


def _half_of(first: Any) -> Any:
    """The half dtype that the first argument has, as an array or as a list of arrays."""
    if isinstance(first, (list, tuple)):
        first = first[0] if first else None
    dtype = getattr(first, "dtype", None)
    return dtype if dtype in HALVES else None


def _widened(value: Any, table: Any) -> Any:
    if isinstance(value, list):
        return [_widened(part, table) for part in value]
    if getattr(value, "dtype", None) in HALVES:
        return table.cast(value, float32.numpy)
    return value


def _write_back(original: Any, wide: Any, table: Any) -> None:
    if isinstance(original, list):
        for part, wide_part in zip(original, wide, strict=True):
            _write_back(part, wide_part, table)
    elif original is not wide:
        table.copy(original, wide)


def _rounded(result: Any, half: Any, table: Any) -> Any:
    if isinstance(result, tuple):
        return tuple([_rounded(part, half, table) for part in result])
    if getattr(result, "dtype", None) == "float32":
        return table.cast(result, half)
    return result
