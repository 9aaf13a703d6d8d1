"""Rows of rushlight/ops/inplace.py: operations that are in-place alone, and Python's operators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Array, Invalid, Op, Sample, Values
from .elementwise import binary


def on_copy(name: str) -> Callable[[Any], Callable[..., Any]]:
    """The in-place method, on a copy of its tensor."""
    return lambda torch: lambda x, *args, **kwargs: getattr(x.clone(), name)(*args, **kwargs)


def syntax(function: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
    """What Python's syntax calls, whichever library's tensors it stands between."""
    return lambda torch: function


def _reflected(
    name: str, function: Callable[..., Any], values: str = "normal", **options: Any
) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        for number in (2.5, 3, 0.5):
            yield Sample(number, getattr(v, values)(2, 3))
            yield Sample(number, getattr(v, values)())

    return Op(f"Tensor.{name}", samples, function, call=syntax(function), composite=True,
              **options)  # fmt: skip


def _matrix_times(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3, 4))
    yield Sample(v.normal(3), v.normal(3))


def _fill(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), 1.5)
    yield Sample(v.normal(2, 3), v.normal())
    yield Sample(v.integers(0, 9, 3), 4)
    yield Invalid(v.normal(2, 3), v.normal(3), raises=RuntimeError,
                  match="fill_ only supports 0-dimension value tensor but got tensor with 1 dim")


def _fill_diagonal(v: Values) -> Iterator[Sample]:
    for shape in ((3, 3), (2, 4), (7, 2), (2, 2, 2), (0, 3)):
        yield Sample(v.normal(*shape), 1.5)
    yield Sample(v.normal(7, 2), 1.5, True)
    yield Sample(v.normal(6, 2), 1.5, wrap=True)
    yield Sample(v.integers(0, 9, 2, 2), 4)
    yield Invalid(v.normal(3), 1.0, raises=RuntimeError, match="dimensions must larger than 1")
    yield Invalid(v.normal(2, 2, 3), 1.0, raises=RuntimeError,
                  match="all dimensions of input must be of equal length")


def _fill_diagonal_reference(x: Array, value: float, wrap: bool = False) -> Array:
    filled = x.copy()
    if x.size:
        np.fill_diagonal(filled, value, wrap)
    return filled


def _zero(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3))
    yield Sample(v.integers(0, 9, 3))


def _copy(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(2, 3))
    yield Sample(v.normal(2, 3), v.normal(3))
    yield Sample(v.normal(2, 3), v.normal())
    yield Sample(v.normal(2, 3), v.integers(0, 9, 2, 3))
    yield Sample(v.integers(0, 9, 2, 3), 3 * v.normal(2, 3))
    yield Invalid(v.normal(2, 3), v.normal(4, 3), raises=RuntimeError, own_words=True)


def _written(x: Array, value: Any = 0) -> Array:
    result = x.copy()
    result[...] = value
    return result


def _divided(a: Array, b: Array, rounding_mode: str) -> Array:
    return {"floor": np.floor, "trunc": np.trunc}[rounding_mode](a / b)


def _invert(v: Values) -> Iterator[Sample]:
    yield Sample(v.integers(-9, 9, 3, 4))
    yield Sample(v.mask(3, 4))
    yield Invalid(v.normal(3), raises=TypeError, match=(
        r"~ \(operator.invert\) is only implemented on integer and Boolean-type tensors"))


def _reflected_bits(name: str, function: Callable[..., Any]) -> Op:
    def samples(v: Values) -> Iterator[Sample]:
        yield Sample(5, v.integers(-8, 8, 2, 3))
        yield Sample(True, v.mask(4))
        yield Invalid(1, v.normal(3), raises=NotImplementedError, match="not implemented for")

    return Op(f"Tensor.{name}", samples, function, call=syntax(function), differentiable=False)


def _into_smaller(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3))
    yield Invalid(v.normal(3), v.normal(2, 3), raises=RuntimeError, match=(
        r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"))
    yield Invalid(v.integers(0, 9, 3), v.normal(3), raises=RuntimeError, match=(
        "result type Double can't be cast to the desired output type Long"))
    yield Invalid(v.integers(0, 9, 3), 1.5, raises=RuntimeError, match=(
        "result type Float can't be cast to the desired output type Long"))
    yield Invalid(v.mask(3), v.integers(0, 9, 3), raises=RuntimeError, match=(
        "result type Long can't be cast to the desired output type Bool"))


def _rounded(v: Values) -> Iterator[Sample]:
    for mode in ("floor", "trunc"):
        yield Sample(3 * v.normal(2, 3), v.nonzero(3), rounding_mode=mode)


def _multiplied(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), v.normal(3))
    yield Invalid(v.normal(2, 3), 2.0, alpha=3, raises=TypeError, own_words=True)


ops = [
    Op("Tensor.fill_", _fill, _written, call=on_copy("fill_")),
    Op("Tensor.fill_diagonal_", _fill_diagonal, _fill_diagonal_reference,
       call=on_copy("fill_diagonal_"), composite=True),
    Op("Tensor.zero_", _zero, _written, call=on_copy("zero_")),
    Op("Tensor.copy_", _copy, _written, call=on_copy("copy_")),
    Op("in-place addition", _into_smaller, np.add, call=on_copy("add_")),
    Op("in-place multiplication", _multiplied, np.multiply, call=on_copy("mul_")),
    Op("in-place division", _rounded, _divided, call=on_copy("div_"), differentiable=False,
       covers=("Tensor.divide_", "Tensor.true_divide_")),
    binary("Tensor.__add__", operator.add, call=syntax(operator.add), integers="int64",
           covers=("Tensor.__radd__",)),
    binary("Tensor.__mul__", operator.mul, call=syntax(operator.mul), integers="int64",
           covers=("Tensor.__rmul__",)),
    Op("Tensor.__invert__", _invert, operator.invert, call=syntax(operator.invert),
       differentiable=False),
    _reflected_bits("__rand__", operator.and_),
    _reflected_bits("__ror__", operator.or_),
    _reflected_bits("__rxor__", operator.xor),
    _reflected("__rsub__", operator.sub),
    _reflected("__rtruediv__", operator.truediv, "nonzero"),
    _reflected("__rpow__", operator.pow),
    _reflected("__rmod__", operator.mod, "nonzero"),
    Op("Tensor.__rfloordiv__", lambda v: [Sample(7, v.nonzero(4)), Sample(2.5, v.nonzero(4))],
       operator.floordiv, call=syntax(operator.floordiv), differentiable=False,
       unrecorded="derivative for aten::floor_divide is not implemented"),
    Op("Tensor.__rmatmul__", _matrix_times, operator.matmul,
       call=lambda torch: lambda a, b: torch.Tensor.__rmatmul__(b, a), composite=True),
]  # fmt: skip
