"""What a kernel says of itself: its kind, the dtypes it takes, which of its arguments it writes.

The generic kernels carry a declaration; an override of a device takes that of its name. Whatever
must know what is a kernel, and what it does to its arguments, asks `kernels_of`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "elementwise": "an element of the result is made from the elements at its place",
    "reduction": "axes of the input are gone from the result, or of length 1",
    "scan": "the result has the input's shape, and each line along one axis is made by itself",
    "product": "sums of products: matrix products and convolutions",
    "window": "an element of the result is made from a window of the input",
    "view": "the result shares the input's memory wherever it can",
    "copy": "elements are put elsewhere, or converted, and nothing is computed",
    "creation": "an array is made out of nothing but numbers",
    "random": "numbers are drawn from a generator's state, which is written",
    "indexing": "elements are picked or placed by indices",
    "update": "an optimizer's step, on lists of arrays",
    "fused": "several of these at once, for speed or for precision",
    "check": "raises an error, or does nothing",
    "transfer": "moves values to another device, and finds the devices by itself",
    "read": "hands values to Python",
    "dynamic": "the result's shape depends on values",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """The kind of a kernel, and what it writes besides the array that it makes.

    `writes` are the names of those arguments, or of lists of them, `positions` their places.
    `out` is the place of an argument of that name, which a caller may leave away or give as None;
    its values are not read. `takes` are the categories of dtypes that the first array may have, all
    where it is None. `multiply_adds` counts those of a call from its result and its arguments, for
    kernels that are made of them.
    """

    kind: str
    writes: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    out: int | None = None
    takes: tuple[int, ...] | None = None
    multiply_adds: Callable[..., int] | None = field(default=None, repr=False)


def kernel(
    kind: str, writes: tuple[str, ...] = (), takes: tuple[int, ...] | None = None,
    multiply_adds: Callable[..., int] | None = None,
) -> Callable[[Any], Any]:  # fmt: skip
    """Declares the method below to be a kernel. The method stays what it is: a call costs nothing.

    What it does not take is refused by the layer around the generic kernels (`base/halves.py`).

    >>> from rushlight.kernels.declaration import kernel, kernels_of
    >>> class Table:
    ...     @kernel("elementwise")
    ...     def double(self, x, out=None): ...
    >>> kernels_of(Table)["double"]
    Declaration(kind='elementwise', writes=('out',), positions=(1,), out=1, takes=None)
    """
    if kind not in KINDS:
        raise ValueError(f"kernel: there is no kind {kind!r}, but {', '.join(KINDS)}")

    def declare(function: Any) -> Any:
        code = function.__code__
        parameters = code.co_varnames[1 : code.co_argcount]  # without self
        out = parameters.index("out") if "out" in parameters else None
        written = writes if out is None else (*writes, "out")
        positions = tuple([parameters.index(name) for name in written])
        function.declaration = Declaration(
            kind, written, positions, out, takes, multiply_adds
        )
        return function

    return declare


_found: dict[type, dict[str, Declaration]] = {}


def kernels_of(table: type) -> dict[str, Declaration]:
    """The kernels of a class of tables by name, each with the declaration of the generic one."""
    found = _found.get(table)
    if found is None:
        found = _found[table] = {
            name: value.declaration
            for cls in table.__mro__ for name, value in vars(cls).items()
            if hasattr(value, "declaration")
        }  # fmt: skip
    return found
