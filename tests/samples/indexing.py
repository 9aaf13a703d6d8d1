"""Rows of rushlight/ops/index.py and indexing.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from index_support import named

from .core import Array, Invalid, Op, Sample, Values


def _views(v: Values) -> Iterator[Sample]:
    x = v.normal(4, 5, 3)
    for index in (
        1, -1, slice(1, 3), slice(None, None, 2), (slice(None), 2), (0, 1, 2), (..., 1), (None, 2),
        (slice(1, None), None, ..., slice(0, 2)), (), ..., None, slice(3, 1),
    ):  # fmt: skip
        yield Sample(x, index)
    yield Sample(v.normal(2, 3, 4, 5), (slice(None), slice(1, 3), 0))
    yield Sample(v.normal(), ())
    yield Sample(v.normal(), None)
    yield Invalid(x, 4, raises=IndexError, match="index 4 is out of bounds for dimension 0")
    yield Invalid(x, (0, 0, 0, 0), raises=IndexError, match="too many indices for tensor of dim")
    yield Invalid(x, slice(None, None, -1), raises=ValueError, match="step must be greater than z")
    yield Invalid(v.normal(), 0, raises=IndexError, match="invalid index of a 0-dim tensor")
    yield Invalid(x, 1.5, raises=IndexError, match="only integers, slices")


def _picks(v: Values) -> Iterator[tuple[Array, Any]]:
    x = v.normal(4, 5, 3)
    yield x, np.array([3, 0, 0])
    yield x, np.array([[1, -1], [2, 2]])
    yield x, (slice(None), np.array([1, 4]))
    yield x, (np.array([0, 1]), np.array([2, 3]))
    yield x, (np.array([0, 1]), slice(None), np.array([2, 0]))
    yield x, (np.array([[0], [1]]), np.array([2, 3]), ...)
    yield x, v.mask(4)
    yield x, v.mask(4, 5)
    yield x, (slice(1, 3), v.mask(5))
    yield x, [0, 2]
    yield x, np.zeros(0, np.int64)
    yield x, (1, np.array([0, 0, 4]))
    yield x, (1, slice(None), np.array([0, 2]))
    yield x, (1, slice(None), v.mask(3))
    yield x, (slice(None, None, 2), None, np.array([[0], [4]]), ..., np.array([0, 2]))
    yield x, (0, slice(None), True)
    yield x, (False, ..., np.array([1]))
    yield x, np.array(2)
    yield v.normal(5), np.array([True, False, True, True, False])


def _tensors(v: Values) -> Iterator[Sample]:
    for x, index in _picks(v):
        yield Sample(x, index)
    yield Invalid(v.normal(4, 5), np.array([4]), raises=IndexError, match="out of bounds",
                  reads_values=True)
    yield Invalid(v.normal(4, 5), np.array([1.0]), raises=IndexError,
                  match="tensors used as indices must be long")
    yield Invalid(v.normal(4, 5), v.mask(3), raises=IndexError,
                  match=r"The shape of the mask \[3\] .*does not match the shape of the indexed "
                        r"tensor \[4, 5\] at index 0")  # fmt: skip


def _assignments(v: Values) -> Iterator[Sample]:
    x = v.normal(4, 5, 3)
    yield Sample(x, 1, 7.0)
    yield Sample(x, 1, v.normal(5, 3))
    yield Sample(x, slice(1, 3), v.normal(3))
    yield Sample(x, (..., 0), v.normal(4, 5))
    yield Sample(x, (slice(None), 2), v.normal(1, 1, 3))
    yield Sample(x, np.array([0, 2]), v.normal(2, 5, 3))
    yield Sample(x, np.array([0, 2]), 1.5)
    yield Sample(x, (1, slice(None), np.array([0, 2])), v.normal(5, 2))
    yield Sample(x, (1, ..., np.array([True, False, True])), v.normal(5, 2))
    yield Sample(x, (0, slice(None), True), v.normal(1, 3))
    yield Sample(x, (slice(None), v.mask(5)), v.normal(1))
    yield Sample(x, v.mask(4, 5), 0.0)
    yield Sample(x, v.mask(4, 5), v.normal(3))
    yield Sample(x, (np.array([0, 1]), slice(None), np.array([2, 0])), v.normal(2, 5))
    yield Sample(v.normal(4), 2, v.normal())
    yield Sample(v.integers(0, 9, 4), 2, 3)
    yield Invalid(x, 1, v.normal(4), raises=RuntimeError, match="copy_: The size of tensor a",
                  own_words=True)
    yield Invalid(x, 9, 1.0, raises=IndexError, match="index 9 is out of bounds for")
    yield Invalid(x, np.array([0, 9]), 1.0, raises=IndexError,
                  match="index 9 is out of bounds for dimension 0 with size 4", reads_values=True)
    yield Invalid(x, np.array([0, 2]), v.normal(3, 1, 1), raises=RuntimeError,
                  match=r"shape mismatch: value tensor of shape \[3, 1, 1\] cannot be broadcast to "
                        r"indexing result of shape \[2, 5, 3\]")  # fmt: skip
    yield Invalid(np.arange(3, dtype=np.uint8), 0, 300, raises=RuntimeError,
                  match="value cannot be converted to type uint8.* without overflow")


def _assign(torch: Any) -> Callable[..., Any]:
    def assigned(x: Any, index: Any, value: Any) -> Any:
        result = x.clone()
        result[index] = value
        return result

    return assigned


def _assign_reference(x: Array, index: Any, value: Any) -> Array:
    result = x.copy()
    result.ravel()[named(x.shape, index)] = value
    return result


def _index_put(v: Values) -> Iterator[Sample]:
    x, rows = v.normal(4, 5, 3), np.array([0, 2])
    yield Sample(x, (rows,), v.normal(2, 5, 3))
    yield Sample(x, (rows, np.array([1, 1])), v.normal(3))
    yield Sample(x, (np.array([1, 1, 3]),), v.normal(3, 5, 3), True)
    yield Sample(x, (np.array([[1], [1]]), np.array([4, 4])), v.normal(2, 2, 3), accumulate=True)
    yield Sample(x, (np.array(-1),), v.normal())
    yield Sample(x, (v.mask(4, 5),), v.normal(3), True)
    yield Invalid(x, (rows, rows, rows, rows), v.normal(2), raises=IndexError, match="too many ind")
    yield Invalid(x, (np.array([4]),), v.normal(), raises=IndexError,
                  match="index 4 is out of bounds for dimension 0 with size 4", reads_values=True)
    yield Invalid(x, (rows,), v.normal(4), raises=RuntimeError, match="shape mismatch: value tens")
    yield Invalid(x, rows, v.normal(2, 1, 1), raises=TypeError, match="must be tuple of Tensors")
    yield Invalid(x, (rows,), 1.0, raises=TypeError, match="argument 'values' .* must be Tensor")


def _index_put_reference(x: Array, indices: Any, values: Array, accumulate: bool = False) -> Array:
    result = x.copy()
    if accumulate:
        np.add.at(result, indices, values)
    else:
        result[indices] = values
    return result


def _read_reference(x: Array, index: Any) -> Array:
    return np.asarray(x.ravel()[named(x.shape, index)])


def _gather(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 5), 1, v.integers(0, 5, 4, 2))
    yield Sample(v.normal(4, 5), 0, v.integers(0, 4, 3, 5))
    yield Sample(v.normal(4, 5), -1, v.integers(0, 5, 2, 7))
    yield Sample(v.normal(2, 3, 4), 1, v.integers(0, 3, 2, 2, 3))
    yield Sample(v.normal(5), 0, v.integers(0, 5, 8))
    yield Invalid(v.normal(4, 5), 1, v.normal(4, 2), raises=RuntimeError,
                  match="Expected dtype int32/int64 for index")
    yield Invalid(v.normal(4, 5), 1, v.integers(0, 5, 4), raises=RuntimeError,
                  match="Index tensor must have the same number of dimensions as input tensor")
    for wrong in (5, -1):
        yield Invalid(v.normal(4, 5), 1, np.array([[wrong]]), raises=RuntimeError,
                      match=f"index {wrong} is out of bounds for dimension 1 with size 5",
                      reads_values=True)  # fmt: skip


def _gather_reference(x: Array, dim: int, index: Array) -> Array:
    part = x[tuple(slice(None) if i == dim % x.ndim else slice(0, n)
                   for i, n in enumerate(index.shape))]  # fmt: skip
    return np.take_along_axis(part, index, dim)


def _index_select(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 5), 0, v.integers(0, 4, 6))
    yield Sample(v.normal(4, 5, 3), -2, v.integers(0, 5, 2))
    yield Sample(v.normal(4), 0, v.integers(0, 4, 0))
    for wrong in (4, -1):
        yield Invalid(v.normal(4, 5), 0, np.array([wrong]), raises=IndexError, match="out of",
                      reads_values=True)  # fmt: skip
    yield Invalid(v.normal(2, 0), 1, np.array([0]), raises=RuntimeError, match="should be posi")
    yield Invalid(v.normal(4), 0, np.array([0.0]), raises=RuntimeError, match="int32 or int64")
    yield Invalid(v.normal(4), 0, np.array([[0]]), raises=IndexError, match="to be a vector")


def _masked_select(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4, 5), v.mask(4, 5))
    yield Sample(v.normal(4, 5), v.mask(5))
    yield Sample(v.normal(5), v.mask(4, 5))
    yield Sample(v.normal(5), np.zeros(5, bool))


def _masked_select_reference(x: Array, mask: Array) -> Array:
    x, mask = np.broadcast_arrays(x, mask)
    return x[mask]


def _nonzero(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 2, 4, 5))
    yield Sample(v.mask(7))
    yield Sample(v.integers(0, 2, 2, 3, 4), as_tuple=True)
    yield Sample(np.zeros((2, 3)))
    for scalar in (np.array(1.0), np.array(0.0)):
        yield Sample(scalar)
        yield Sample(scalar, as_tuple=True)


def _nonzero_reference(x: Array, as_tuple: bool = False) -> Any:
    return np.nonzero(np.atleast_1d(x)) if as_tuple else np.argwhere(x)


def _one_hot(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(0, 4, 5))
    yield Sample(v.integers(0, 4, 2, 3), 6)
    yield Sample(np.array(2), 4)
    yield Invalid(np.array([0, 4]), 4, raises=RuntimeError, match="Class values must be smaller th",
                  reads_values=True)
    yield Invalid(np.array([0, -1]), 4, raises=RuntimeError, match="Class values must be non-negat",
                  reads_values=True)
    yield Invalid(np.array([0.0]), raises=RuntimeError, match="one_hot is only applicable to index")


def _one_hot_reference(x: Array, num_classes: int = -1) -> Array:
    return np.eye(x.max() + 1 if num_classes == -1 else num_classes)[x]


ops = [
    Op("Tensor.__getitem__", _views, lambda x, index: x[index], view=True, composite=True),
    Op("index by tensors", _tensors, _read_reference,
       call=lambda torch: lambda x, index: x[index], unrecorded="shape depends on the data"),
    Op("Tensor.__setitem__", _assignments, _assign_reference, call=_assign,
       unrecorded="shape depends on the data"),
    Op("index_put", _index_put, _index_put_reference, inplace="index_put_", composite=True,
       unrecorded="shape depends on the data"),
    Op("gather", _gather, _gather_reference),
    Op("index_select", _index_select, lambda x, dim, index: np.take(x, index, dim), composite=True),
    Op("masked_select", _masked_select, _masked_select_reference, composite=True,
       unrecorded="shape depends on the data"),
    Op("nonzero", _nonzero, _nonzero_reference, differentiable=False,
       unrecorded="shape depends on the data"),
    Op("nn.functional.one_hot", _one_hot, _one_hot_reference, differentiable=False,
       unrecorded="reads a value"),
]
