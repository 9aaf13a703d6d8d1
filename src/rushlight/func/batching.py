"""`vmap`: a function of one example, run once for a whole batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from ..autograd.operation import Operation
from ..kernels import launch
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from ..utils._pytree import TreeSpec, tree_flatten, tree_unflatten
from . import families, products, rules  # noqa: F401  # they register how kernels run on batches
from .levels import BatchedArray, Level, active_levels, entered
from .table import BatchedTable, DrawingTable, front, is_at, level_of, run

_table = BatchedTable()


class Hooks:
    """What the framework asks about batched arrays once there can be some (`launch.batching`)."""

    @staticmethod
    def table_for(arrays: Any) -> Any:
        """The table for a call some of whose arrays are batched; None if none is."""
        return None if level_of(arrays) is None else _table

    @staticmethod
    def is_batched(array: Any) -> bool:
        return type(array) is BatchedArray

    @staticmethod
    def alike(x: Any, y: Any) -> tuple[Any, Any]:
        """Two operands such that the first one's table takes both: as a batch of one, perhaps."""
        if type(y) is BatchedArray and type(x) is not BatchedArray:
            x = BatchedArray(run("getitem", (x, (None,))), 0, y.level)
        return x, y

    @staticmethod
    def copy_beside(x: Tensor, others: Any) -> Tensor:
        """A copy of x that is batched at each level that one of the others is."""
        own = _levels_of(x.array)
        for other in others:
            for level in _levels_of(other.array) if isinstance(other, Tensor) else ():
                if level not in own:
                    x = Enter.apply(Leave.apply(x, 0, level), 0, level)
                    own.append(level)
        return x.clone()

    @staticmethod
    def drawing(table: Any) -> Any:
        """The table that random numbers are drawn by."""
        return DrawingTable(table) if active_levels() else table

    @staticmethod
    def settled(gradient: Tensor, like: Any) -> Tensor:
        """A gradient that is to be a leaf's: the sum over the examples of calls that are over.

        Within a call that runs, each example has a gradient of its own.
        """
        own = _levels_of(like)
        for level in _levels_of(gradient.array):
            if not level.is_active and level not in own:
                gradient = Leave.apply(gradient, 0, level).sum(0)
        return gradient


    @staticmethod
    def level_of_tensors(values: Any) -> Level | None:
        """The highest level among tensors."""
        return level_of([value.array for value in values if isinstance(value, Tensor)])

    @staticmethod
    def call_vmap(function: Any, level: Level, inputs: tuple[Any, ...]) -> Any:
        """The results of a user's `Function` by its own `vmap`, which sees whole batches."""
        given = [
            Leave.apply(value, value.array.dim, level)
            if isinstance(value, Tensor) and is_at(value.array, level) else value
            for value in inputs
        ]  # fmt: skip
        dims = tuple([
            value.array.dim if isinstance(value, Tensor) and is_at(value.array, level) else None
            for value in inputs
        ])  # fmt: skip
        results, places = function.vmap(VmapInfo(level.size, level.randomness), dims, *given)
        leaves, form = tree_flatten(results)
        spread = _spread(places, form)
        if spread is None:
            raise ValueError(
                f"{function.__name__}.vmap: out_dims {places} do not match the structure of the "
                "results"
            )
        return tree_unflatten([
            leaf if place is None else Enter.apply(leaf, place % leaf.array.ndim, level)
            for leaf, place in zip(leaves, spread, strict=True)
        ], form)  # fmt: skip


class VmapInfo(NamedTuple):
    """What a `Function`'s own `vmap` is told."""

    batch_size: int
    randomness: str


def _levels_of(array: Any) -> list[Level]:
    found = []
    while type(array) is BatchedArray:
        found.append(array.level)
        array = array.value
    return found


def install() -> None:
    """Makes batched arrays known; `vmap` does so when it is first called."""
    if launch.batching is None:
        launch.kernels[BatchedArray] = launch.plain_tables[BatchedArray] = _table
        launch.batching = Hooks


# ---- into a batch and out of it


class Enter(Operation):
    """A tensor whose dimension `dim` counts the examples, as one example."""

    dim: int
    level: Level

    @staticmethod
    def forward(kernels: Any, x: Any, dim: int, level: Level) -> Any:
        return _enter(x, dim, level)

    def backward(self, grad: Tensor) -> Any:
        return Leave.apply(grad, self.dim, self.level)


class Leave(Operation):
    """One example's tensor as that of all, which are counted by dimension `dim`."""

    dim: int
    level: Level

    @staticmethod
    def forward(kernels: Any, x: Any, dim: int, level: Level) -> Any:
        return _leave(x, dim, level)

    def backward(self, grad: Tensor) -> Any:
        return Enter.apply(grad, self.dim, self.level)


def _enter(x: Any, dim: int, level: Level) -> Any:
    if type(x) is BatchedArray and x.level.number > level.number:
        place = dim + (dim >= x.dim)
        return BatchedArray(_enter(x.value, place, level), x.dim - (place < x.dim), x.level)
    return BatchedArray(x, dim, level)


def _leave(x: Any, dim: int, level: Level) -> Any:
    if is_at(x, level):
        axes = [axis for axis in range(x.value.ndim) if axis != x.dim]
        axes.insert(dim, x.dim)
        return run("permute", (x.value, tuple(axes)))
    if type(x) is BatchedArray and x.level.number > level.number:
        first = front(x, x.level)
        return BatchedArray(_leave(first, dim + 1, level), 0, x.level)
    shape = (*x.shape[:dim], level.size, *x.shape[dim:])
    return run("expand", (run("getitem", (x, (*[slice(None)] * dim, None))), shape))


# ---- the transform


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that maps `func` over a dimension of its tensors, all examples at once.

    `in_dims` says which dimension of each argument counts the examples (None: it is the same for
    all, as keyword arguments are), `out_dims` where that of the results goes; both may be trees
    like the arguments. Random numbers are refused unless `randomness` is "different" or "same".
    With `chunk_size` as many examples at a time are computed. See docs/func.md.

    >>> import rushlight as torch
    >>> x, y = torch.arange(6.0).reshape(3, 2), torch.ones(2)
    >>> torch.vmap(torch.dot, in_dims=(0, None))(x, y)
    tensor([1., 5., 9.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")
    install()

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        leaves, form = tree_flatten(args)
        dims = _input_dims(func, in_dims, args, leaves, form)
        size = _batch_size(leaves, dims)

        def call(first: int, count: int) -> tuple[list[Any], TreeSpec, list[int | None]]:
            is_part = count < size
            with entered(count, randomness) as level:
                given = [
                    _entered(value, dim, level, first, is_part)
                    for value, dim in zip(leaves, dims, strict=True)
                ]
                results, result_form = tree_flatten(func(*tree_unflatten(given, form), **kwargs))
                places = _output_dims(func, out_dims, result_form)
                left = [
                    _left(func, result, place, level)
                    for result, place in zip(results, places, strict=True)
                ]
            return left, result_form, places

        if chunk_size is None or chunk_size >= size:
            results, result_form, _ = call(0, size)
            return tree_unflatten(results, result_form)
        return _in_chunks(call, size, chunk_size, randomness)

    return mapped


def _in_chunks(call: Any, size: int, chunk_size: int, randomness: str) -> Any:
    from ..ops.joining import cat

    state = get_rng_state() if randomness == "same" else None
    parts = []
    for first in range(0, size, chunk_size):
        if state is not None:
            set_rng_state(state)
        parts.append(call(first, min(chunk_size, size - first)))
    _, form, places = parts[0]
    columns = zip(*[results for results, _, _ in parts], strict=True)
    joined = [
        column[0] if place is None else cat(list(column), place)
        for column, place in zip(columns, places, strict=True)
    ]
    return tree_unflatten(joined, form)


def _entered(value: Any, dim: int | None, level: Level, first: int, is_part: bool) -> Any:
    if dim is None:
        return value
    if is_part:
        value = value.narrow(dim, first, level.size)
    return Enter.apply(value, dim, level)


def _left(func: Any, result: Any, place: int | None, level: Level) -> Any:
    name = _name(func)
    if not isinstance(result, Tensor):
        raise ValueError(
            f"vmap({name}, ...): `{name}` must only return Tensors, got type {type(result)}. "
            "Did you mean to set out_dims= to None for output?"
        )
    if place is None:
        if level in _levels_of(result.array):
            raise ValueError(
                f"vmap({name}, ...): `{name}` can not return a BatchedTensor when out_dim is None"
            )
        return result
    rank = result.array.ndim + 1
    if not -rank <= place < rank:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got "
            f"{place})"
        )
    return Leave.apply(result, place % rank, level)


def _name(func: Any) -> str:
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return getattr(func, "__name__", None) or repr(func)


# ---- which dimensions


def _input_dims(
    func: Any, in_dims: Any, args: Any, leaves: list[Any], form: TreeSpec
) -> list[int | None]:
    place = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>): "
    if not isinstance(in_dims, (int, tuple)):
        raise ValueError(
            f"{place}expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
    if not args:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you "
            "are trying to vmap over a function with no inputs. The latter is unsupported."
        )
    dims = _spread(in_dims, form)
    if dims is None:
        raise ValueError(
            f"{place}in_dims is not compatible with the structure of `inputs`. in_dims has "
            f"structure {tree_flatten(in_dims)[1]} but inputs has structure {form}."
        )
    return [_input_dim(place, value, dim) for value, dim in zip(leaves, dims, strict=True)]


def _input_dim(place: str, value: Any, dim: Any) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{place}Got in_dim={dim} for an input but in_dim must be either an integer dimension "
            "or None."
        )
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{place}Got in_dim={dim} for an input but the input is of type {type(value)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
    rank = value.array.ndim
    if not -rank <= dim < rank:
        raise ValueError(
            f"{place}Got in_dim={dim} for some input, but that input is a Tensor of dimensionality "
            f"{rank} so expected in_dim to satisfy -{rank} <= in_dim < {rank}."
        )
    return dim % rank


def _batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    sizes = [
        value.array.shape[dim] for value, dim in zip(leaves, dims, strict=True) if dim is not None
    ]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if any(size != sizes[0] for size in sizes):
        raise ValueError(
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
    return sizes[0]


def _output_dims(func: Any, out_dims: Any, form: TreeSpec) -> list[Any]:
    if not isinstance(out_dims, (int, tuple, list, dict)) and out_dims is not None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a "
            "python collection of ints representing where in the outputs the vmapped dimension "
            "should appear."
        )
    if form.type is None and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]
    places = _spread(out_dims, form)
    if places is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible "
            f"with the structure of `outputs`. out_dims has structure {tree_flatten(out_dims)[1]} "
            f"but outputs has structure {form}."
        )
    return places


def _spread(prefix: Any, form: TreeSpec) -> list[Any] | None:
    """A tree's upper part, each leaf of it repeated for all that is below; None if it is not."""
    parts, top = tree_flatten(prefix, is_leaf=lambda value: value is not prefix)
    if top.type is None:
        return [prefix] * form.num_leaves
    if top.type is not form.type or len(parts) != len(form.children):
        return None
    found: list[Any] = []
    for part, child in zip(parts, form.children, strict=True):
        below = _spread(part, child)
        if below is None:
            return None
        found += below
    return found
