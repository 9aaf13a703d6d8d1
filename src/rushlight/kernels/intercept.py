"""Tables that let somebody else run the kernels: who counts, times, or looks at results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from . import launch
from .declaration import Declaration, kernels_of


class Call(NamedTuple):
    """A call of a kernel that is to be run."""

    name: str
    declaration: Declaration
    device: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def run(self) -> Any:
        return self.function(*self.arguments)

    def multiply_adds(self, result: Any) -> int:
        """How many products were added up for a result."""
        count = self.declaration.multiply_adds
        return 0 if count is None else count(result, *self.arguments)


@contextmanager
def each_call(handle: Callable[[Call], Any]) -> Iterator[None]:
    """Lets `handle` run the kernels that are called inside; what it returns is their result.

    >>> import rushlight as torch
    >>> names = []
    >>> def note(call):
    ...     names.append(call.name)
    ...     return call.run()
    >>> with each_call(note):
    ...     _ = torch.ones(2) + 1
    >>> names
    ['full', 'add']
    """
    with launch.intercepted(lambda table: _Table(table, handle)):
        yield


class _Table:
    """Stands in a kernel table's place."""

    def __init__(self, table: Any, handle: Callable[[Call], Any]) -> None:
        self._table = table
        self._handle = handle
        self._kernels = kernels_of(type(launch.plain_tables[table.array_type]))

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._table, name)
        if name not in self._kernels:
            return value
        handled = partial(self._call, name, value)
        setattr(self, name, handled)
        return handled

    def _call(self, name: str, function: Any, *arguments: Any) -> Any:
        declaration = self._kernels[name]
        return self._handle(
            Call(name, declaration, self._table.device_name, function, arguments)
        )


def arrays_in(value: Any) -> Iterator[Any]:
    """The arrays among the arguments or the results of a kernel, in lists and tuples too."""
    if type(value) in launch.kernels:
        yield value
    elif type(value) in (tuple, list):
        for part in value:
            yield from arrays_in(part)
