"""Rows of rushlight/ops/stacking.py."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values


def _stacked(name: str, least: int) -> Callable[[Values], Iterator[Sample]]:
    def samples(v: Values) -> Iterator[Sample]:
        yield Sample([v.normal(), v.normal()])
        yield Sample([v.normal(3), v.normal(3)])
        yield Sample((v.normal(2, 3), v.normal(2, 3), v.normal(2, 3)))
        yield Sample([v.normal(2, 3, 4), v.normal(2, 3, 4)])
        yield Sample([v.normal(2), v.integers(0, 9, 2)])
        yield Invalid([], raises=RuntimeError, match=f"{name} expects a non-empty TensorList")
        yield Invalid([v.normal(2, 3, 2), v.normal(4, 5, 2)], raises=RuntimeError,
                      match="Sizes of tensors must match")

    return samples


def _at_least(v: Values) -> Iterator[Sample]:
    for ndim in range(4):
        yield Sample(v.normal(*[2, 3, 4][:ndim]))
    yield Sample(v.normal(), v.normal(2))
    yield Sample([v.normal(2), v.normal(2, 2)])


def _each(function: Any) -> Callable[..., Any]:
    return lambda *x: [function(part) for part in (x[0] if isinstance(x[0], list) else x)]


def _block_diag(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(1, 2))
    yield Sample(v.normal(), v.normal(3), v.normal(2, 1))
    yield Sample(v.normal(2, 0), v.normal(0, 3), v.normal(2, 2))
    yield Invalid(v.normal(2, 2, 2), raises=RuntimeError,
                  match="Input tensors must have 2 or fewer dimensions. Input 0 has 3 dimensions")


def _block_diag_reference(*parts: Array) -> Array:
    matrices = [np.atleast_2d(part) for part in parts]
    result = np.zeros(np.sum([m.shape for m in matrices], 0))
    row = column = 0
    for m in matrices:
        result[row : row + m.shape[0], column : column + m.shape[1]] = m
        row, column = row + m.shape[0], column + m.shape[1]
    return result


def _chunk_cat(v: Values) -> Iterator[Sample]:
    yield Sample([v.normal(3, 2), v.normal(4)], 0, 2)
    yield Sample([v.normal(2, 5), v.normal(2, 3)], 1, 2)
    yield Invalid([v.normal(2, 5), v.normal(3, 3)], 1, 2, raises=RuntimeError,
                  match="expects same sizes of 0,...,dim-1 dimensions")
    yield Invalid([], 0, 2, raises=RuntimeError, match="expects a non-empty input tensor list")


def _meshgrid(v: Values) -> Iterator[Sample]:
    for indexing in ("ij", "xy"):
        yield Sample(v.normal(2), v.normal(3), indexing=indexing)
        yield Sample(v.normal(2), v.normal(), v.normal(4), indexing=indexing)
    yield Sample([v.normal(2), v.normal(3)], indexing="xy")
    yield Sample(v.normal(2), indexing="xy")
    yield Invalid(v.normal(2, 2), indexing="ij", raises=RuntimeError,
                  match=r"Expected 0D or 1D tensor in the tensor list but got: ")
    yield Invalid(v.normal(2), indexing="ji", raises=RuntimeError, match="indexing must be one of")
    yield Invalid(v.normal(2), v.integers(0, 9, 2), indexing="ij", raises=RuntimeError,
                  match="meshgrid expects all tensors to have the same dtype")


def _meshgrid_reference(*x: Any, indexing: str) -> Any:
    return np.meshgrid(*(x[0] if isinstance(x[0], list) else x), indexing=indexing)  # type: ignore


def _cartesian_prod(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2), v.normal(3))
    yield Sample(v.normal(3))
    yield Sample(v.normal(2), v.normal(0), v.normal(2))
    yield Invalid(v.normal(2, 2), raises=RuntimeError, match="Expect a 1D vector, but got shape")


def _combinations(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(4))
    yield Sample(v.normal(4), 3)
    yield Sample(v.normal(3), 2, True)
    yield Sample(v.normal(2), r=3)
    yield Sample(Fixed(v.normal(3)), 0)
    yield Invalid(v.normal(2, 2), raises=RuntimeError, match="Expect a 1D vector, but got shape")
    yield Invalid(v.normal(2), -1, raises=RuntimeError, match="Expect a non-negative number")


def _combinations_reference(x: Array, r: int = 2, with_replacement: bool = False) -> Array:
    if r == 0:
        return np.empty(0)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    return np.array(list(choose(x, r))).reshape(-1, r)


def _broadcast_to(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 1), (2, 3))
    yield Sample(v.normal(3), (2, 3))
    yield Sample(v.normal(), ())
    yield Invalid(v.normal(2), (3,), raises=RuntimeError,
                  match=r"The expanded size of the tensor \(3\) must match the existing size \(2\)")


def _shapes(v: Values) -> Iterator[Sample]:
    yield Sample((2, 1), (3,))
    yield Sample((), (4, 1, 3), 1)
    yield Sample((0, 1), (1, 5))
    yield Sample()
    yield Invalid((2,), (3,), raises=RuntimeError, match="Shape mismatch", own_words=True)
    yield Invalid((2, -1), (3,), raises=ValueError, match="negative length")


ops = [
    *[Op(f"atleast_{n}d", _at_least, _each(getattr(np, f"atleast_{n}d")), composite=True)
      for n in (1, 2, 3)],
    Op("hstack", _stacked("hstack", 1), np.hstack, composite=True),
    Op("vstack", _stacked("vstack", 2), np.vstack, covers=("row_stack",), composite=True),
    Op("dstack", _stacked("dstack", 3), np.dstack, composite=True),
    Op("column_stack", _stacked("column_stack", 1), np.column_stack, composite=True),
    Op("block_diag", _block_diag, _block_diag_reference, composite=True),
    Op("_chunk_cat", _chunk_cat, composite=True),
    Op("meshgrid", _meshgrid, _meshgrid_reference, composite=True),
    Op("cartesian_prod", _cartesian_prod, lambda *x: np.array(
        list(itertools.product(*x))).reshape(-1, len(x)) if len(x) > 1 else x[0], composite=True),
    Op("combinations", _combinations, _combinations_reference, composite=True),
    Op("broadcast_to", _broadcast_to, np.broadcast_to, view=True),
    Op("broadcast_shapes", _shapes, differentiable=False,
       call=lambda torch: torch.broadcast_shapes, covers=("broadcast_shapes",)),
]  # fmt: skip
