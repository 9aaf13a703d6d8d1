"""Rows of rushlight/ops/shape.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Named, Op, Sample, Values


def _sizes(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as a sequence."""
    return tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape


def _reshape_method(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), 3, -1)
    yield from _reshape(v)


def _reshape(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), (3, 4))
    yield Sample(v.normal(2, 3, 4), (-1,))
    yield Sample(v.normal(), (1, 1))
    yield Sample(v.normal(1), ())
    yield Sample(v.normal(0, 3), (3, 0))
    yield Sample(v.normal(2, 3, 4, 5), (2, 3, 20))
    yield Invalid(v.normal(2, 3), (4, 2), raises=RuntimeError,
                  match=r"shape '\[4, 2\]' is invalid for input of size 6")
    yield Invalid(v.normal(2, 3), (-1, 4), raises=RuntimeError, match="is invalid for input of s")
    yield Invalid(v.normal(2, 3), (-1, -1), raises=RuntimeError,
                  match="only one dimension can be inferred")
    yield Invalid(v.normal(0, 3), (-1, 0), raises=RuntimeError, match="ambiguous")


def _like(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), v.normal(3, 4))
    yield Sample(v.normal(1), v.normal())


def _expand_as(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 1), v.normal(2, 3))
    yield Sample(v.normal(3), v.normal(2, 3))


def _view_dtype(v: Values) -> Iterator[Sample]:
    x = v.integers(0, 1000, 2, 6)
    yield Sample(x, Named("float64"))
    yield Sample(x, Named("int16"))
    yield Sample(v.integers(0, 100, 2, 6).astype("int16"), Named("int32"))
    yield Sample(v.integers(0, 100).astype("int32"), Named("float32"))
    yield Invalid(v.integers(0, 9), Named("int32"), raises=RuntimeError,
                  match=r"self.dim\(\) cannot be 0")  # fmt: skip
    yield Invalid(v.integers(0, 9, 3).astype("int32"), Named("int64"), raises=RuntimeError,
                  match=r"self.size\(-1\) must be divisible by 2")  # fmt: skip
    yield Invalid(v.integers(0, 9, 4, 2).T, Named("int32"), raises=RuntimeError,
                  match=r"self.stride\(-1\) must be 1")  # fmt: skip


def _flatten(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4))
    yield Sample(v.normal(2, 3, 4), 1)
    yield Sample(v.normal(2, 3, 4, 5), 1, 2)
    yield Sample(v.normal(2, 3, 4, 5), start_dim=-2)
    yield Sample(v.normal())
    yield Sample(v.normal(0, 3))
    yield Invalid(v.normal(2, 3, 4), 2, 1, raises=RuntimeError,
                  match="start_dim cannot come after end_dim")
    yield Invalid(v.normal(2, 3), 3, raises=IndexError, match="Dimension out of range")


def _flatten_reference(x: Array, start_dim: int = 0, end_dim: int = -1) -> Array:
    shape = x.shape or (1,)
    first, last = start_dim % len(shape), end_dim % len(shape)
    middle = int(np.prod(shape[first : last + 1]))
    return x.reshape((*shape[:first], middle, *shape[last + 1 :]))


def _unflatten(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), 1, (2, 3))
    yield Sample(v.normal(2, 6), -1, (3, -1))
    yield Sample(v.normal(6), 0, (6,))
    yield Invalid(v.normal(2, 6), 1, (4, 2), raises=RuntimeError, own_words=True)


def _squeeze(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(1, 2, 1))
    yield Sample(v.normal(1, 2, 1), 0)
    yield Sample(v.normal(1, 2, 1), 1)
    yield Sample(v.normal(1, 2, 1), (0, -1))
    yield Sample(v.normal(1, 2, 1), ())
    yield Sample(v.normal())
    yield Sample(v.normal(), 0)
    yield Invalid(v.normal(1, 2), 2, raises=IndexError, match="Dimension out of range")


def _squeeze_reference(x: Array, dim: Any = None) -> Array:
    dims = range(x.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    axes = {d % max(x.ndim, 1) for d in dims}
    return x.reshape([n for i, n in enumerate(x.shape) if n != 1 or i not in axes])


def _unsqueeze(v: Values) -> Iterator[Sample]:
    for dim in (0, 1, 2, -1, -3):
        yield Sample(v.normal(2, 3), dim)
    yield Sample(v.normal(), 0)
    yield Invalid(v.normal(2, 3), 3, raises=IndexError, match="Dimension out of range")


def _permute(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4), (2, 0, 1))
    yield Sample(v.normal(2, 3, 4, 5), (0, -1, 1, 2))
    yield Sample(v.normal(), ())
    yield Invalid(v.normal(2, 3), (0,), raises=RuntimeError, match="number of dimensions in the te")
    yield Invalid(v.normal(2, 3), (0, 0), raises=RuntimeError, match="duplicate dims are not all")


def _permute_method(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4), 2, 0, 1)
    yield Sample(v.normal(2, 3, 4), (2, 0, 1))


def _transpose(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 0, 1)
    yield Sample(v.normal(2, 3, 4), -1, 0)
    yield Sample(v.normal(2, 3, 4), 1, 1)
    yield Sample(v.normal(), 0, 0)
    yield Invalid(v.normal(2, 3), 0, 2, raises=IndexError, match="Dimension out of range")


def _matrices(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))


def _t(v: Values) -> Iterator[Sample]:
    yield from _matrices(v)
    yield Sample(v.normal(3))
    yield Sample(v.normal())
    yield Invalid(v.normal(2, 3, 4), raises=RuntimeError, match="expects a tensor with <= 2 dim")


def _mt(v: Values) -> Iterator[Sample]:
    yield from _matrices(v)
    yield Sample(v.normal(2, 3, 4))


def _movedim(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3, 4), 0, 2)
    yield Sample(v.normal(2, 3, 4), -1, 0)
    yield Sample(v.normal(2, 3, 4, 5), (0, 1), (2, 3))
    yield Sample(v.normal(2, 3, 4, 5), (3, 0), (0, 1))
    yield Invalid(v.normal(2, 3), (0, 1), (0,), raises=RuntimeError, match=(
        r"movedim: Invalid source or destination dims: source \(\[0, 1\] dims\) should contain the "
        r"same number of dims as destination \(\[0\] dims\)"))


def _flip(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), (0,))
    yield Sample(v.normal(2, 3, 4), (0, -1))
    yield Sample(v.normal(0, 3), (1,))
    yield Sample(v.normal(), (0,))
    yield Invalid(v.normal(2, 3), (0, -2), raises=RuntimeError,
                  match="dim 0 appears multiple times in the list of dims")


def _expand(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 1), 2, 3)
    yield Sample(v.normal(2, 1), (4, -1, 3))
    yield Sample(v.normal(), (2, 3))
    yield Sample(v.normal(3), (2, 3))
    yield Sample(v.normal(1), (0,))
    yield Invalid(v.normal(3), (-1, 3), raises=RuntimeError, match=(
        r"The expanded size of the tensor \(-1\) isn't allowed"))
    yield Invalid(v.normal(2, 3), (2, 4), raises=RuntimeError, match=(
        r"The expanded size of the tensor \(4\) must match the existing size \(3\) at "
        "non-singleton dimension 1"))
    yield Invalid(v.normal(2, 3), (3,), raises=RuntimeError, match="the number of sizes provided")


def _expand_reference(x: Array, *shape: Any) -> Array:
    sizes = _sizes(shape)
    have = (0,) * (len(sizes) - x.ndim) + x.shape
    return np.broadcast_to(x, [h if n == -1 else n for n, h in zip(sizes, have, strict=True)])


def _repeat(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 2, 1)
    yield Sample(v.normal(2, 3), (4, 1, 2))
    yield Sample(v.normal(2, 3), 1, 1)
    yield Sample(v.normal(3), 0)
    yield Sample(v.normal(), 3)
    yield Invalid(v.normal(2, 3), 2, raises=RuntimeError, match="Number of dimensions of repeat")
    yield Invalid(v.normal(2, 3), -1, 1, raises=RuntimeError,
                  match=r"Trying to create tensor with negative dimension -2: \[-2, 3\]")
    yield Invalid(v.normal(2, 3), 1, -2, raises=RuntimeError,
                  match=r"Trying to create tensor with negative dimension -6: \[2, -6\]")


def _broadcast(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 1), v.normal(3))
    yield Sample(v.normal(), v.normal(2, 3), v.normal(1, 1, 1))
    yield Invalid(v.normal(2), v.normal(3), raises=RuntimeError, own_words=True)


def _cat(v: Values) -> Iterator[Sample]:
    yield Sample([v.normal(2, 3), v.normal(1, 3)])
    yield Sample([v.normal(2, 3), v.normal(2, 1), v.normal(2, 2)], 1)
    yield Sample((v.normal(2, 3, 4, 5), v.normal(2, 1, 4, 5)), dim=-3)
    yield Sample([v.normal(2, 3)])
    yield Sample([v.normal(0), v.normal(2, 3)])
    yield Sample([v.normal(0, 3), v.normal(2, 3)])
    yield Sample([v.normal(3), v.integers(0, 9, 2)])
    yield Invalid([], raises=ValueError, match="expected a non-empty list of Tensors")
    yield Invalid([v.normal(), v.normal()], raises=RuntimeError,
                  match="zero-dimensional tensor .* cannot be concatenated")
    yield Invalid([v.normal(2, 3), v.normal(2, 4)], raises=RuntimeError, match=(
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for "
        "tensor number 1 in the list"))
    yield Invalid([v.normal(2, 3), v.normal(2)], raises=RuntimeError,
                  match="Tensors must have same number of dimensions: got 2 and 1")
    yield Invalid([v.normal(2, 3)], 2, raises=IndexError, match="Dimension out of range")


def _stack(v: Values) -> Iterator[Sample]:
    yield Sample([v.normal(2, 3), v.normal(2, 3)])
    yield Sample([v.normal(2, 3), v.normal(2, 3)], 1)
    yield Sample([v.normal(), v.normal(), v.normal()], dim=-1)
    yield Sample([v.normal(3), v.integers(0, 9, 3)])
    yield Invalid([], raises=RuntimeError, match="stack expects a non-empty TensorList")
    yield Invalid([v.normal(2), v.normal(3)], raises=RuntimeError,
                  match=r"stack expects each tensor to be equal size, but got \[2\] at entry 0")


def _split(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2), 2)
    yield Sample(v.normal(4, 6), 3, 1)
    yield Sample(v.normal(4, 6), [1, 2, 3], dim=-1)
    yield Sample(v.normal(0, 2), 2)
    yield Invalid(v.normal(4, 6), [1, 2], 1, raises=RuntimeError,
                  match="split_with_sizes expects split_sizes to sum exactly to 6")


def _split_reference(x: Array, sizes: Any, dim: int = 0) -> Any:
    if isinstance(sizes, int):
        return np.split(x, range(sizes, x.shape[dim], sizes), dim)
    return np.split(x, np.cumsum(sizes)[:-1], dim)


def _chunk(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(5, 2), 2)
    yield Sample(v.normal(5, 2), 4)
    yield Sample(v.normal(4, 6), 3, 1)
    yield Sample(v.normal(2), 5)
    yield Sample(v.normal(0, 2), 3)
    yield Invalid(v.normal(4), 0, raises=RuntimeError, match="chunk expects `chunks` to be greater")


def _chunk_reference(x: Array, chunks: int, dim: int = 0) -> Any:
    return _split_reference(x, -(-x.shape[dim] // chunks) or [0] * chunks, dim)


def _unbind(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2))
    yield Sample(v.normal(3, 2), 1)
    yield Sample(v.normal(2))
    yield Invalid(v.normal(), raises=IndexError, match="tensor has no dimensions")


def _select(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 2), 0, 1)
    yield Sample(v.normal(3, 2, 4), -1, -2)
    yield Invalid(v.normal(3, 2), 0, 3, raises=IndexError, own_words=True)
    yield Invalid(v.normal(3, 2), 2, 0, raises=IndexError, match="Dimension out of range")


def _narrow(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(3, 5), 1, 1, 3)
    yield Sample(v.normal(3, 5), 0, -2, 2)
    yield Sample(v.normal(3, 5), 0, 1, 0)
    yield Invalid(v.normal(3, 5), 1, 3, 4, raises=RuntimeError,
                  match=r"start \(3\) \+ length \(4\) exceeds dimension size \(5\)")


def _narrow_reference(x: Array, dim: int, start: int, length: int) -> Array:
    return np.take(x, np.arange(length) + start, axis=dim)


def _triangle(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 3))
    yield Sample(v.normal(3, 4), 1)
    yield Sample(v.normal(2, 4, 3), diagonal=-1)
    yield Sample(v.mask(3, 3))
    yield Invalid(v.normal(3), raises=RuntimeError, match="must have at least 2 dimensions")


ops = [
    Op("reshape", _reshape, lambda x, *s: x.reshape(_sizes(s)), view=True),
    Op("Tensor.reshape", _reshape_method, lambda x, *s: x.reshape(_sizes(s)), view=True),
    Op("Tensor.view", _reshape_method, lambda x, *s: x.reshape(_sizes(s)), view=True,
       layouts=False),
    Op("Tensor.view as a dtype", _view_dtype, view=True, differentiable=False, layouts=False,
       call=lambda torch: lambda x, dtype: x.view(dtype=dtype)),
    Op("Tensor.view_as", _like, lambda x, y: x.reshape(y.shape), view=True, layouts=False),
    Op("Tensor.reshape_as", _like, lambda x, y: x.reshape(y.shape), view=True),
    Op("flatten", _flatten, _flatten_reference, view=True),
    Op("unflatten", _unflatten, lambda x, dim, sizes: x.reshape(
        (*x.shape[:dim % x.ndim], *sizes, *x.shape[dim % x.ndim + 1:])), view=True),
    Op("squeeze", _squeeze, _squeeze_reference, view=True),
    Op("unsqueeze", _unsqueeze, np.expand_dims, view=True),
    Op("permute", _permute, np.transpose, view=True),
    Op("Tensor.permute", _permute_method, lambda x, *dims: np.transpose(x, _sizes(dims)),
       view=True),
    Op("transpose", _transpose, lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x, view=True,
       covers=("swapaxes",)),
    Op("t", _t, np.transpose, view=True),
    Op("Tensor.T", _matrices, np.transpose, call=lambda torch: lambda x: x.T, view=True),
    Op("Tensor.mT", _mt, lambda x: np.swapaxes(x, -1, -2), call=lambda torch: lambda x: x.mT,
       view=True),
    Op("movedim", _movedim, np.moveaxis, view=True),
    Op("Tensor.__reversed__", lambda v: [Sample(v.normal(3, 2)), Sample(v.normal())],
       lambda x: x[::-1] if x.ndim else x, call=lambda torch: reversed, composite=True),
    Op("flip", _flip, lambda x, dims: np.flip(x, dims if x.ndim else ())),
    Op("Tensor.expand", _expand, _expand_reference, view=True),
    Op("Tensor.expand_as", _expand_as, lambda x, y: np.broadcast_to(x, y.shape), view=True),
    Op("Tensor.repeat", _repeat, lambda x, *n: np.tile(x, _sizes(n)), composite=True),
    Op("broadcast_tensors", _broadcast, np.broadcast_arrays),
    Op("cat", _cat, lambda parts, dim=0: np.concatenate(
        [p for p in parts if p.shape != (0,)] or parts, dim)),
    Op("stack", _stack, lambda parts, dim=0: np.stack(parts, dim)),
    Op("split", _split, _split_reference, view=True, composite=True, covers=("Tensor.split",)),
    Op("chunk", _chunk, _chunk_reference, view=True, composite=True),
    Op("unbind", _unbind, lambda x, dim=0: list(np.moveaxis(x, dim, 0)), view=True, composite=True),
    Op("select", _select, lambda x, dim, index: np.take(x, index, dim), view=True, composite=True),
    Op("narrow", _narrow, _narrow_reference, view=True),
    Op("tril", _triangle, lambda x, diagonal=0: np.tril(x, diagonal)),
    Op("triu", _triangle, lambda x, diagonal=0: np.triu(x, diagonal)),
]  # fmt: skip
