"""How the regular kinds of kernels run on a batch."""

from __future__ import annotations

from typing import Any

from ..dtype import BOOL, category_of
from ..kernels import launch
from ..tensor import wrap_dim
from .levels import BatchedArray, Level
from .table import (
    batched,
    declaration_of,
    expanded,
    front,
    is_array,
    is_at,
    loop,
    parameters_of,
    rule,
    rule_of_kind,
    run,
)

Arguments = tuple[Any, ...]


@rule_of_kind("elementwise")
@rule("cast", "copy", "dropout", "empty_like", "full_like", "to_device", "real", "imag")
@rule("view_as_complex", "view_as_real", "tril", "triu", "one_hot", "frexp")
@rule("keep_sample", "gamma_gradient", "dirichlet_gradient")
def elementwise(level: Level, name: str, arguments: Arguments) -> Any:
    """The batch in front, and ones after it where an operand has fewer dimensions."""
    rank = max(value.ndim for value in arguments if is_array(value))
    result = run(name, tuple([front(value, level, rank) for value in arguments]))
    for position in declaration_of(name).positions:
        if position < len(arguments) and is_array(arguments[position]):
            return arguments[position]
    return batched(result, level)


@rule("fill")
def fill(level: Level, name: str, arguments: Arguments) -> Any:
    x, value = arguments
    if is_at(value, level):
        return run("copy", (x, value))
    run(name, (front(x, level), value))
    return x


@rule("full")
def full(level: Level, name: str, arguments: Arguments) -> Any:
    shape, value, dtype, like = arguments
    return batched(run(name, ((level.size, *shape), value, dtype, like.value)), level)


@rule("clone")
def clone(level: Level, name: str, arguments: Arguments) -> Any:
    """In the examples' own memory order; each of them is contiguous where it is to be."""
    x, order = arguments
    value = front(x, level)
    if order != "channels_last":
        return batched(run(name, (value, order)), level)
    last = value.ndim - 1
    rows = run("permute", (value, (0, 1, *range(3, last + 1), 2)))
    back = (0, 1, last, *range(2, last))
    return batched(run("permute", (run(name, (rows, "C")), back)), level)


# ---- along axes


@rule_of_kind("reduction")
def reduction(level: Level, name: str, arguments: Arguments) -> Any:
    """Axes counted from behind the batch. `axes` is None for all of them, `axis` as well."""
    names = parameters_of(name)
    place = names.index("axes" if "axes" in names else "axis")
    values = dict(zip(names, arguments, strict=False))
    x, axes = values["x"], values[names[place]]
    value = front(x, level)
    ndim = x.ndim
    keeps = values.get("keepdims", False) and ndim > 0
    if axes is None and names[place] == "axis" or ndim == 0:
        value = run("view", (value, (level.size, -1 if value.size else x.size)))
        axes = 1
    elif axes is None:
        axes = tuple(range(1, ndim + 1))
    elif isinstance(axes, int):
        axes = wrap_dim(axes, ndim) + 1
    else:
        axes = tuple([wrap_dim(axis, ndim) + 1 for axis in axes])
    if names[place] == "axes" and isinstance(axes, int):
        axes = (axes,)
    flattened = names[place] == "axis" and arguments[place] is None
    values["x"], values[names[place]] = value, axes
    if "keepdims" in values:
        values["keepdims"] = keeps and not flattened
    result = run(name, tuple([values[key] for key in names if key in values]))
    if keeps and flattened:
        result = run("view", (result, (level.size, *[1] * ndim)))
    return batched(result, level)


@rule_of_kind("scan")
@rule("topk", "gather", "scatter", "scatter_add", "scatter_reduce")
@rule("kth_place", "median_place", "mode_place")
def scan(level: Level, name: str, arguments: Arguments) -> Any:
    """Every array with the batch in front, and the axis counted from behind it."""
    names = parameters_of(name)
    place = names.index("axis")
    values = list(arguments)
    arrays = [value for value in values if is_array(value)]
    if len({array.ndim for array in arrays}) > 1:
        return loop(level, name, arguments)
    is_scalar = arrays[0].ndim == 0
    axis = wrap_dim(values[place], max(array.ndim for array in arrays))
    for i, value in enumerate(values):
        if is_array(value):
            whole = expanded(value, level)
            if value.ndim == 0:
                whole = run("getitem", (whole, (slice(None), None)))
            values[i] = whole
    values[place] = axis + 1
    result = run(name, tuple(values))
    if is_scalar:
        parts = result if type(result) is tuple else (result,)
        parts = tuple([run("getitem", (part, (slice(None), 0))) for part in parts])
        result = parts if type(result) is tuple else parts[0]
    return batched(result, level)


# ---- views, and copies of elements to other places


@rule("view")
def view(level: Level, name: str, arguments: Arguments) -> Any:
    x, shape = arguments
    return batched(run(name, (front(x, level), (level.size, *shape))), level)


@rule("permute")
def permute(level: Level, name: str, arguments: Arguments) -> Any:
    x, axes = arguments
    moved = (0, *[wrap_dim(axis, x.ndim) + 1 for axis in axes])
    return batched(run(name, (front(x, level), moved)), level)


@rule("expand")
def expand(level: Level, name: str, arguments: Arguments) -> Any:
    x, shape = arguments
    return batched(run(name, (front(x, level, len(shape)), (level.size, *shape))), level)


@rule("getitem")
def getitem(level: Level, name: str, arguments: Arguments) -> Any:
    x, index = arguments
    parts = index if type(index) is tuple else (index,)
    return batched(run(name, (front(x, level), (slice(None), *parts))), level)


@rule("setitem")
def setitem(level: Level, name: str, arguments: Arguments) -> Any:
    x, value, index = arguments
    run("copy", (run("getitem", (x, index)), value))
    return x


@rule("cat", "stack")
def join(level: Level, name: str, arguments: Arguments) -> Any:
    arrays, axis = arguments
    whole = [expanded(array, level) for array in arrays]
    return batched(run(name, (whole, axis % (arrays[0].ndim + (name == "stack")) + 1)), level)


@rule("flip")
def flip(level: Level, name: str, arguments: Arguments) -> Any:
    x, axes = arguments
    if x.ndim == 0:
        return run("clone", (x, "K"))
    axes = (axes,) if isinstance(axes, int) else axes
    moved = tuple([wrap_dim(axis, x.ndim) + 1 for axis in axes])
    return batched(run(name, (front(x, level), moved)), level)


@rule("pad", "pad_backward")
def pad(level: Level, name: str, arguments: Arguments) -> Any:
    x, widths, *rest = arguments
    return batched(run(name, (front(x, level), ((0, 0), *widths), *rest)), level)


# ---- values for Python


@rule_of_kind("read")
def read(level: Level, name: str, arguments: Arguments) -> Any:
    raise RuntimeError(
        "vmap: It looks like you're calling .item() on a Tensor, or using it in data-dependent "
        "control flow (if, while, torch.equal). We don't support vmap over that, please try to "
        "rewrite what you're doing with other operations, torch.where for instance."
    )


@rule_of_kind("dynamic")
def dynamic(level: Level, name: str, arguments: Arguments) -> Any:
    raise RuntimeError(
        "vmap: We do not support batching operators that can output dynamic shape. Attempted to "
        f"vmap over {name}. The examples' results would differ in shape; torch.where keeps it."
    )


@rule_of_kind("check")
def check(level: Level, name: str, arguments: Arguments) -> Any:
    return run(name, tuple([a.value if is_at(a, level) else a for a in arguments]))


# ---- picking and placing by index


@rule("index_select")
def index_select(level: Level, name: str, arguments: Arguments) -> Any:
    x, axis, index = arguments
    if not is_at(index, level):
        return batched(run(name, (front(x, level), axis + 1, index)), level)
    if is_at(x, level):
        return run("index_get", (x, (*[None] * axis, index)))
    flat = run("view", (front(index, level), (level.size * index.size,)))
    picked = run(name, (x, axis, flat))
    shape = (*x.shape[:axis], level.size, index.size, *x.shape[axis + 1 :])
    return BatchedArray(run("view", (picked, shape)), axis, level)


@rule("index_add", "index_copy")
def index_add(level: Level, name: str, arguments: Arguments) -> Any:
    x, axis, index, values, *out = arguments
    if x.ndim == 0 or not is_array(values) or values.ndim != x.ndim or index.ndim != 1:
        return loop(level, name, arguments)
    if is_at(index, level):
        made = batched(run("clone", (expanded(x, level), "C")), level)
        first = (axis, *[i for i in range(x.ndim) if i != axis])
        target, values = (run("permute", (array, first)) for array in (made, values))
        run("index_put_add" if name == "index_add" else "index_put", (target, values, (index,)))
    else:
        whole = expanded(x, level), axis + 1, index, expanded(values, level)
        made = batched(run(name, whole), level)
    return made if not out or out[0] is None else run("copy", (out[0], made))


@rule("index_get")
def index_get(level: Level, name: str, arguments: Arguments) -> Any:
    """Elements by arrays of places, None being a whole dimension.

    NumPy puts the indexed dimensions where the first one was if they are neighbours, else first.
    """
    x, indices = arguments
    _refuse_masks(level, name, indices)
    given = [i for i, index in enumerate(indices) if index is not None]
    before = given[0] if given == list(range(given[0], given[-1] + 1)) else None
    rank = _rank(indices)
    if not any(is_at(index, level) for index in indices):
        result = run(name, (front(x, level), (None, *indices)))
        return batched(result, level, rank if before is None else 0)
    parts = [index if index is None else front(index, level, rank) for index in indices]
    if not is_at(x, level):
        return batched(run(name, (x, tuple(parts))), level, before or 0)
    result = run(name, (front(x, level), (_examples(level, rank, x), *parts)))
    if before:  # the batch's index has no neighbour: all indexed dimensions came first
        axes = list(range(result.ndim))
        indexed, passed, rest = axes[1 : 1 + rank], axes[1 + rank : 1 + rank + before], []
        rest = axes[1 + rank + before :]
        result = run("permute", (result, (0, *passed, *indexed, *rest)))
    return batched(result, level)


@rule("index_put", "index_put_add")
def index_put(level: Level, name: str, arguments: Arguments) -> Any:
    x, values, indices = arguments
    _refuse_masks(level, name, indices)
    given = [i for i, index in enumerate(indices) if index is not None]
    rest = [i for i in range(x.ndim) if i not in given]
    rank = _rank(indices)
    parts = [front(indices[i], level, rank) for i in given]
    if given == list(range(len(given))):
        target, moved = x, values
    else:  # the indexed dimensions first, and those of the values with them
        target = run("permute", (x, (*given, *rest)))
        moved = _indexed_first(values, given, rank, x.ndim)
    whole = run("permute", (front(target, level), tuple(range(x.ndim + 1))))
    total = rank + len(rest)
    run(name, (whole, front(moved, level, total), (_examples(level, rank, x), *parts)))
    return x


def _indexed_first(values: Any, given: list[int], rank: int, ndim: int) -> Any:
    """Values of an indexed place with the dimensions of the indices in front."""
    if given != list(range(given[0], given[-1] + 1)):
        return values  # they are there
    total = rank + ndim - len(given)
    if values.ndim < total:
        values = run("getitem", (values, (*[None] * (total - values.ndim), Ellipsis)))
    at = given[0]
    indexed = list(range(at, at + rank))
    axes = (*indexed, *[axis for axis in range(total) if axis not in indexed])
    return run("permute", (values, axes))


def _refuse_masks(level: Level, name: str, indices: Any) -> None:
    for index in indices:
        if is_at(index, level) and category_of(index.dtype) == BOOL:
            dynamic(level, f"{name} with a mask", (index,))


def _rank(indices: Any) -> int:
    given = [index for index in indices if index is not None]
    return max(1 if category_of(index.dtype) == BOOL else index.ndim for index in given)


def _examples(level: Level, rank: int, like: Any) -> Any:
    """The number of each example, as an index that broadcasts against others of `rank`."""
    while type(like) is BatchedArray:
        like = like.value
    numbers = launch.kernels[type(like)].arange(0, 1, level.size, "int64")  # on its device
    return run("view", (numbers, (level.size, *[1] * rank)))
