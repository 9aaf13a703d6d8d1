"""How views, stacks of matrices and other families run on a batch: by kernels that take it as one
more dimension in front."""

from __future__ import annotations

from typing import Any

from ..tensor import wrap_dim
from .levels import Level
from .products import folded, unfolded
from .table import batched, expanded, front, is_array, is_at, loop, parameters_of, rule, run

Arguments = tuple[Any, ...]


# ---- views, which share the batch's memory


@rule("as_strided")
def as_strided(level: Level, name: str, arguments: Arguments) -> Any:
    """Places in the memory of each example, counted from where its own elements begin."""
    x, (size, stride, offset), *_ = arguments
    if not is_at(x, level):
        return run(name, arguments)
    between = x.value.strides[x.dim] // x.itemsize
    places = type(arguments[1])((level.size, *size), (between, *stride), offset)
    return batched(run(name, (front(x, level), places)), level)


@rule("strided_sum")
def strided_sum(level: Level, name: str, arguments: Arguments) -> Any:
    """Each example's line of memory behind the one before."""
    x, places, goals = arguments
    ends = [_reach(p) for p in (places, goals)]
    between = max(end for _, end in ends) - min(begin for begin, _ in ends)
    whole = [
        type(p)((level.size, *p.size), (between, *p.stride), p.offset) for p in (places, goals)
    ]
    return batched(run(name, (front(x, level), *whole)), level)


def _reach(places: Any) -> tuple[int, int]:
    """The first place that elements may have, and the one behind the last."""
    steps = [(n - 1) * step for n, step in zip(places.size, places.stride, strict=True) if n]
    return places.offset, places.offset + sum(steps) + 1


@rule("diagonal")
def diagonal(level: Level, name: str, arguments: Arguments) -> Any:
    x, offset, first, second = arguments
    return batched(run(name, (front(x, level), offset, first + 1, second + 1)), level)


@rule("unfold")
def unfold(level: Level, name: str, arguments: Arguments) -> Any:
    x, dim, size, step = arguments
    value = front(x, level)
    if x.ndim == 0:  # an element is a window of one, or of none
        line = run("getitem", (value, (slice(None), None)))
        return batched(run("getitem", (line, (slice(None), slice(None, size)))), level)
    return batched(run(name, (value, dim + 1, size, step)), level)


@rule("view_dtype")
def view_dtype(level: Level, name: str, arguments: Arguments) -> Any:
    x, dtype = arguments
    return batched(run(name, (front(x, level), dtype)), level)


@rule("storage_of")
def storage_of(level: Level, name: str, arguments: Arguments) -> Any:
    raise NotImplementedError(
        "vmap: Cannot access storage of a batched tensor, as it is that of all examples; "
        "as_strided() gives views of one example's"
    )


# ---- along dimensions


@rule("roll", "fft_c2c", "fft_r2c", "fft_c2r", "repeat_each", "cross")
def along_dimensions(level: Level, name: str, arguments: Arguments) -> Any:
    """The dimensions that the kernel works along, counted from behind the batch."""
    names = parameters_of(name)
    place = next(i for i, key in enumerate(names) if key in ("axis", "axes", "dims"))
    values = list(arguments)
    ndim = max(value.ndim for value in values if is_array(value))
    if ndim == 0 or not values[place] and type(values[place]) is tuple:
        return loop(level, name, arguments)
    axes = values[place]
    if isinstance(axes, int):
        values[place] = wrap_dim(axes, ndim) + 1
    else:
        values[place] = tuple([wrap_dim(axis, ndim) + 1 for axis in axes])
    for i, value in enumerate(values):
        if is_array(value):
            if value.ndim != ndim:
                return loop(level, name, arguments)
            values[i] = expanded(value, level)
    return batched(run(name, tuple(values)), level)


# ---- stacks of matrices, of lines, of rows


@rule("qr", "geqrf", "cholesky", "svd", "svdvals", "eigh", "eigvalsh", "eig", "eigvals", "inv")
@rule("slogdet", "det", "cofactors", "matrix_exp", "lu_factor", "ldl_factor", "permutation")
@rule("triangular_solve", "resample", "adaptive_max_pool", "overlap_add")
@rule("pixel_shuffle", "pixel_unshuffle")
def stack(level: Level, name: str, arguments: Arguments) -> Any:
    """Kernels of the last dimensions: the batch is one more of those that count them."""
    rank = max(value.ndim for value in arguments if is_array(value))
    return batched(run(name, tuple([front(value, level, rank) for value in arguments])), level)


@rule("solve", "ldl_solve", "cdist", "max_unpool")
def stack_alike(level: Level, name: str, arguments: Arguments) -> Any:
    """The same where all operands must be stacks of one size."""
    arrays = [value for value in arguments if is_array(value)]
    if len({value.ndim for value in (arrays[0], arrays[-1])}) > 1:
        return loop(level, name, arguments)
    whole = tuple([expanded(value, level) if is_array(value) else value for value in arguments])
    return batched(run(name, whole), level)


@rule("unfold_blocks", "fold_blocks", "attention", "attention_backward")
def rows(level: Level, name: str, arguments: Arguments) -> Any:
    """Kernels that go row by row of the first dimension: the examples' rows behind each other."""
    values = [folded(value, level) if is_array(value) else value for value in arguments]
    return unfolded(run(name, tuple(values)), level)


@rule("searchsorted")
def searchsorted(level: Level, name: str, arguments: Arguments) -> Any:
    lines, x, right = arguments
    if lines.ndim == 1 and not is_at(lines, level):
        return batched(run(name, (lines, front(x, level), right)), level)
    if lines.ndim > 1:
        return batched(run(name, (expanded(lines, level), expanded(x, level), right)), level)
    flat = run("view", (expanded(x, level), (level.size, x.size)))
    found = run(name, (front(lines, level), flat, right))
    return batched(run("view", (found, (level.size, *x.shape))), level)


# ---- medians


@rule("median", "nanmedian")
def median(level: Level, name: str, arguments: Arguments) -> Any:
    """The median of each example's elements, which are a line of their own."""
    x, *_, out = (*arguments, None, None)[:4]
    line = run("view", (front(x, level), (level.size, x.size)))
    place = run("median_place", (line, 1, name == "nanmedian"))
    found = batched(run("getitem", (run("gather", (line, 1, place)), (slice(None), 0))), level)
    return found if out is None else run("copy", (out, found))
