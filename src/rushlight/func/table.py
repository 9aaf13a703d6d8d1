"""The table of kernels for batched arrays: a rule per kind of kernel, and a loop for the rest.

A call finds the highest level among its arrays and takes it off: its rule runs the same kernel, or
others, on arrays that have the batch as a dimension. These may be batched at lower levels, and go
through the table again.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import OperationError
from ..kernels import launch
from ..kernels.base import Base
from ..kernels.declaration import Declaration, kernels_of
from .levels import BatchedArray, Level, active_levels

Rule = Callable[[Level, str, tuple[Any, ...]], Any]

# Rules by the kernel's name, and by its kind where the name has none.
rules: dict[str, Rule] = {}
rules_by_kind: dict[str, Rule] = {}


_check_writes: set[str] = set()  # kernels whose rules know themselves what is written


def rule(*names: str, checks_writes: bool = False) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        rules.update(dict.fromkeys(names, function))
        if checks_writes:
            _check_writes.update(names)
        return function

    return register


def rule_of_kind(kind: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        rules_by_kind[kind] = function
        return function

    return register


# ---- arrays among arguments


def is_array(value: Any) -> bool:
    return type(value) in launch.kernels


def arrays_in(arguments: Any) -> Iterator[Any]:
    for value in arguments:
        if type(value) in (tuple, list):
            yield from arrays_in(value)
        elif is_array(value):
            yield value


def level_of(arguments: Any) -> Level | None:
    """The highest level among arguments."""
    highest = None
    for array in arrays_in(arguments):
        if type(array) is BatchedArray:
            if highest is None or array.level.number > highest.number:
                highest = array.level
    return highest


def is_at(value: Any, level: Level) -> bool:
    """Whether an array has this level's batch as its outermost."""
    return type(value) is BatchedArray and value.level is level


def front(array: Any, level: Level, rank: int = 0) -> Any:
    """The value of an array with the batch as its first dimension, and ones after it up to `rank`
    dimensions of an example; another array as it is."""
    if not is_at(array, level):
        return array
    value, dim = array.value, array.dim
    if dim:
        axes = (dim, *[axis for axis in range(value.ndim) if axis != dim])
        value = run("permute", (value, axes))
    missing = rank - array.ndim
    if missing > 0:
        value = run("getitem", (value, (slice(None), *[None] * missing)))
    return value


def expanded(array: Any, level: Level) -> Any:
    """The value of an array with the batch as its first dimension, all the same if it has none."""
    if is_at(array, level):
        return front(array, level)
    return run("expand", (array, (level.size, *array.shape)))


def batched(result: Any, level: Level, dim: int = 0) -> Any:
    """Arrays that have the batch as a dimension, as batched arrays; None stays."""
    if type(result) is tuple:
        return tuple([batched(part, level, dim) for part in result])
    return BatchedArray(result, dim, level) if is_array(result) else result


# ---- calls


_declarations = kernels_of(Base)
_parameters: dict[str, tuple[str, ...]] = {}


def declaration_of(name: str) -> Declaration:
    return _declarations[name]


def parameters_of(name: str) -> tuple[str, ...]:
    """The names of a kernel's parameters."""
    found = _parameters.get(name)
    if found is None:
        names = list(inspect.signature(getattr(Base, name)).parameters)
        found = _parameters[name] = tuple(names[1:])
    return found


def run(name: str, arguments: tuple[Any, ...]) -> Any:
    """A kernel by name, on arrays batched or not."""
    level = level_of(arguments)
    if level is None:
        first = next(arrays_in(arguments), None)
        table = launch.tables_by_device["cpu"] if first is None else launch.kernels[type(first)]
        return getattr(table, name)(*arguments)
    if name not in _check_writes:
        check_written(level, name, arguments)
    names = parameters_of(name)
    if names[-1] == "out" and len(arguments) == len(names):
        *given, out = arguments
        made = run(name, tuple(given))
        return made if out is None else run("copy", (out, made))
    found = rules.get(name) or rules_by_kind.get(declaration_of(name).kind, loop)
    return found(level, name, arguments)


def check_written(level: Level, name: str, arguments: tuple[Any, ...]) -> None:
    """PyTorch's error for a change in place that would differ between examples."""
    for position in declaration_of(name).positions:
        if position < len(arguments) and is_array(arguments[position]):
            if not is_at(arguments[position], level):
                raise RuntimeError(
                    f"vmap: {name}_(self, *extra_args) is not possible because there exists a "
                    "Tensor `other` in extra_args that has more elements than `self`. This "
                    "happened due to `other` being vmapped over but `self` not being vmapped over "
                    f"in a vmap. Please try to use out-of-place operators instead of {name}_."
                )


_told: set[str] = set()


def loop(level: Level, name: str, arguments: tuple[Any, ...]) -> Any:
    """The kernel on one example after the other, for want of a rule."""
    if name not in _told:
        _told.add(name)
        warnings.warn(
            "There is a performance drop because we have not yet implemented the batching rule "
            f"for {name}: it runs once per example.",
            stacklevel=2,
        )
    if not level.size:
        raise OperationError(f"{name}: vmap over a dimension of size 0 has no rule for it")
    results = [run(name, example(arguments, level, i)) for i in range(level.size)]
    if isinstance(results[0], tuple):
        return tuple([joined(list(parts), level) for parts in zip(*results, strict=True)])
    for position in declaration_of(name).positions:
        if position < len(arguments) and is_array(arguments[position]):
            return arguments[position]
    return joined(results, level)


def example(arguments: Any, level: Level, number: int) -> tuple[Any, ...]:
    """The arguments of one example; what it writes into is part of the batch's memory."""
    found: list[Any] = []
    for value in arguments:
        if type(value) in (tuple, list):
            found.append(type(value)(example(value, level, number)))
        elif is_at(value, level):
            index = (*[slice(None)] * value.dim, number)
            found.append(run("getitem", (value.value, index)))
        else:
            found.append(value)
    return tuple(found)


def joined(results: list[Any], level: Level) -> Any:
    if not is_array(results[0]):
        return results[0]
    if any(result.shape != results[0].shape for result in results):
        raise RuntimeError("vmap: the results of the examples differ in shape")
    return BatchedArray(run("stack", (results, 0)), 0, level)


class BatchedTable:
    """The kernels on batched arrays, by `run`; what is no kernel is answered by the values."""

    array_type = BatchedArray
    is_host = False  # no example's values are read for checks

    def __getattr__(self, name: str) -> Any:
        if name not in _declarations:
            raise AttributeError(name)
        if name.startswith("random_"):
            kernel: Any = lambda *arguments: draw(active_levels(), name, arguments)  # noqa: E731
        else:
            kernel = lambda *arguments: run(name, arguments)  # noqa: E731
        setattr(self, name, kernel)
        return kernel

    def device_of(self, x: BatchedArray) -> Any:
        return launch.kernels[type(x.value)].device_of(x.value)

    def owns_memory(self, x: BatchedArray) -> bool:
        return launch.kernels[type(x.value)].owns_memory(x.value)

    def offset_of(self, x: BatchedArray) -> int:
        return launch.kernels[type(x.value)].offset_of(x.value)

    def data_pointer(self, x: BatchedArray) -> int:
        raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage")


# ---- random numbers


def draw(levels: list[Level], name: str, arguments: tuple[Any, ...]) -> Any:
    """What a random kernel draws within calls of `vmap`, as the innermost one's `randomness` says.

    Its arguments are the generator's state, the shape, and parameters.
    """
    if not levels:
        return run(name, arguments)
    *outer, level = levels
    if level.randomness == "error":
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the "
            "'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )
    state, first, *rest = arguments
    is_batched = level_of((first, *rest)) is level
    if level.randomness == "same":
        if is_batched:
            raise RuntimeError(
                "Vmap does not currently support same randomness with a batched tensor input. "
                "Please use different randomness or perform the operation out of vmap"
            )
        return draw(outer, name, arguments)
    if type(first) is tuple:
        rest = [expanded(value, level) if is_array(value) else value for value in rest]
        return BatchedArray(draw(outer, name, (state, (level.size, *first), *rest)), 0, level)
    parts = [example((first, *rest), level, i) for i in range(level.size)]
    return joined([draw(outer, name, (state, *part)) for part in parts], level)


class DrawingTable:
    """A table whose random kernels draw for the calls of `vmap` that the thread is in."""

    def __init__(self, table: Any) -> None:
        self.table = table

    def __getattr__(self, name: str) -> Any:
        if name.startswith("random_"):
            return lambda *arguments: draw(active_levels(), name, arguments)
        return getattr(self.table, name)
