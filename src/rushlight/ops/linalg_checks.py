"""What the functions of linear algebra share: checks of matrices, diagonals, shapes of batches."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from .. import return_types
from ..autograd.operation import Operation
from ..dtype import FLOATING, HALVES, title_of
from ..errors import NotSupportedError, OperationError
from ..tensor import Tensor, wrap_dim
from .common import check_same_device
from .creation import eye
from .promotion import table_of


class Decomposition(Operation):
    """An operation with several results; the backward gets None for those without a gradient.

    The first `outputs` of them are saved, then the inputs.
    """

    materialize_grads = False
    outputs = 1

    def setup_context(self, inputs: Any, output: Any) -> None:
        found = output if isinstance(output, tuple) else (output,)
        given = inputs[: len(inputs) - len(self.parameters)]
        self.save_outputs(found[: self.outputs], *given)


def named(name: str, *fields: str) -> Any:
    """A type of results under the name that PyTorch's `return_types` have."""
    fields_alone = namedtuple(name, fields)  # type: ignore[misc]  # noqa: PYI024
    return return_types.named(name, fields_alone)


def check_floating(name: str, *tensors: Tensor) -> None:
    """PyTorch's errors for whole numbers and for halves, in its order of looking."""
    for x in tensors:
        if x.dtype.category < FLOATING:
            raise NotSupportedError(
                f"{name}: Expected a floating point or complex tensor as input. Got "
                f"{title_of(x.dtype)}; convert it with .float()"
            )
        if x.array.dtype in HALVES:
            raise NotSupportedError(
                f"{name}: Low precision dtypes not supported. Got {title_of(x.dtype)}; convert it "
                "with .float()"
            )


def check_matrix(name: str, x: Tensor, what: str = "A") -> None:
    """PyTorch's errors for what is no stack of matrices of floating-point numbers."""
    check_dimensions(name, x, what)
    check_floating(name, x)


def check_dimensions(name: str, x: Tensor, what: str = "A") -> None:
    if x.array.ndim < 2:
        raise OperationError(
            f"{name}: The input tensor {what} must have at least 2 dimensions, but it has "
            f"{x.array.ndim}."
        )


def check_square(name: str, x: Tensor, what: str = "A") -> None:
    check_matrix(name, x, what)
    check_sides(name, x, what)


def check_sides(name: str, x: Tensor, what: str = "A") -> None:
    """That matrices, of whatever dtype, are square."""
    check_dimensions(name, x, what)
    rows, columns = x.array.shape[-2:]
    if rows != columns:
        raise OperationError(
            f"{name}: {what} must be batches of square matrices, but they are {rows} by {columns} "
            "matrices"
        )


def check_alike(name: str, a: Tensor, b: Tensor) -> None:
    """Whether two tensors are of one dtype, on one device."""
    check_same_device(name, a, b)
    if a.array.dtype != b.array.dtype:
        raise OperationError(
            f"{name}: Expected A and B to have the same dtype, but got A of type "
            f"{title_of(a.dtype)} and B of type {title_of(b.dtype)}; convert one with .to()"
        )


def check_rows(name: str, a: Tensor, b: Tensor, left: bool) -> None:
    """Whether a system of A (..., n, n) and B has shapes that go together."""
    check_dimensions(name, b, "B")
    wanted = a.array.shape[-2 if left else -1]
    if b.array.shape[-2 if left else -1] != wanted:
        shape = "x".join(map(str, a.array.shape[-2:])), "x".join(map(str, b.array.shape[-2:]))
        raise OperationError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({shape[0]} and {shape[1]})"
        )


def batch_of(name: str, a: Tensor, b: Tensor) -> tuple[int, ...]:
    """The batch that two stacks of matrices come to."""
    try:
        return np.broadcast_shapes(a.array.shape[:-2], b.array.shape[:-2])
    except ValueError:
        raise OperationError(
            f"{name}: The batch dimensions of A {tuple(a.array.shape)} and B "
            f"{tuple(b.array.shape)} cannot be broadcast against each other"
        ) from None


def in_batch(x: Tensor, batch: tuple[int, ...]) -> Tensor:
    return x if x.array.shape[:-2] == batch else x.expand(*batch, *x.array.shape[-2:])


def raise_failed(info: Tensor, name: str, problem: str) -> None:
    """Raises for the first matrix that the codes say has failed."""
    table_of(info).check_factorization(info.array, name, problem)


def two_dims(name: str, dim: Any, ndim: int) -> tuple[int, int]:
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if len(dims) != 2:
        raise OperationError(f"{name}: dim must be a 2-tuple. Got {list(dims)}")
    first, second = (wrap_dim(d, ndim) for d in dims)
    if first == second:
        raise OperationError(f"{name}: dims must be different. Got ({dims[0]}, {dims[1]})")
    return first, second


def identity_like(x: Tensor, rows: int, columns: int | None = None) -> Tensor:
    """The identity as a matrix of x's dtype and device."""
    columns = rows if columns is None else columns
    return eye(rows, columns, dtype=x.dtype, device=x.device)


def symmetric(x: Tensor) -> Tensor:
    return (x + x.mH) / 2
