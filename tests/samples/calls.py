"""Rows of rushlight/ops/calls.py and removed.py."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .core import Array, Fixed, Invalid, Op, Sample, Values
from .inplace import on_copy


def _double(x: Any) -> Any:
    return 2 * x


def _sum(*values: Any) -> Any:
    return sum(values)


def _apply(v: Values) -> Iterator[Sample]:
    for shape in ((), (3,), (2, 3), (0, 2)):
        yield Sample(Fixed(v.normal(*shape)), _double)
    yield Sample(v.integers(0, 9, 3), lambda x: x + 0.7)
    yield Sample(v.mask(3), lambda x: not x)
    yield Invalid(Fixed(v.normal(2)), 3, raises=TypeError, match="'int' object is not callable")
    yield Invalid(Fixed(v.normal(2)), str, raises=TypeError, match="must be real number, not str")


def _map(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(2, 3)), _sum)
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(3)), _sum)
    yield Invalid(Fixed(v.normal(3)), v.integers(0, 9, 3), _sum, raises=TypeError,
                  match="map_: expected torch.[A-Za-z.]*Tensor for 'other'", own_words=True)
    yield Invalid(Fixed(v.normal(2)), Fixed(v.normal(3)), _sum, raises=RuntimeError,
                  match="The expanded size of the tensor")


def _map2(v: Values) -> Iterator[Sample]:
    yield Sample(Fixed(v.normal(2, 3)), Fixed(v.normal(2, 3)), Fixed(v.normal(3)), _sum)


def _one_matrix(v: Values) -> Iterator[Sample]:
    yield Invalid(v.normal(2, 2), raises=RuntimeError, match="deprecated since version 1.9")


def _two_matrices(v: Values) -> Iterator[Sample]:
    yield Invalid(v.normal(2, 2), v.normal(2, 2), raises=RuntimeError, match="since version 1.9")


def _reward(v: Values) -> Iterator[Sample]:
    yield Invalid(v.normal(2, 2), 1.0, raises=RuntimeError, match="reinforce.. was removed")


def _resize(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), 3, 4)
    yield Invalid(v.normal(2, 6), 5, 4, raises=RuntimeError, match="requested resize to 5x4 .20 el")


def _resize_as(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 6), Fixed(v.normal(3, 4)))


def _quietly(name: str) -> Any:
    """A method that warns, called without its warning."""

    def call(torch: Any) -> Any:
        def quiet(x: Any, *args: Any) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return getattr(x, name)(*args)

        return quiet

    return call


def _called(name: str, make: Any, reference: Any) -> Op:
    return Op(f"Tensor.{name}", make, reference, call=on_copy(name), differentiable=False,
              covers=(f"Tensor.{name}",), unrecorded="calls a function for each element")


def _applied(x: Array, function: Any) -> Array:
    flat = [function(value) for value in x.ravel().tolist()]
    return np.asarray(flat, np.float64).astype(x.dtype).reshape(x.shape)


ops = [
    _called("apply_", _apply, _applied),
    _called("map_", _map, lambda x, y, function: x + y),
    _called("map2_", _map2, lambda x, y, z, function: x + y + z),
    Op("eig", _one_matrix, covers=("Tensor.eig",), differentiable=False),
    Op("symeig", _one_matrix, covers=("Tensor.symeig",), differentiable=False),
    Op("solve", _two_matrices, covers=("Tensor.solve",), differentiable=False),
    Op("lstsq", _two_matrices, covers=("Tensor.lstsq",), differentiable=False),
    Op("Tensor.resize", _resize, lambda x, *size: x.reshape(size), call=_quietly("resize"),
       covers=("Tensor.resize", "Tensor.name"), composite=True),
    Op("Tensor.resize_as", _resize_as, lambda x, y: x.reshape(y.shape), composite=True,
       call=_quietly("resize_as"), covers=("Tensor.resize_as",)),
    Op("Tensor.reinforce", _reward, differentiable=False),
]  # fmt: skip
