"""Distances and lengths."""

from __future__ import annotations

from typing import Any

from ..dtype import FLOATING, HALVES
from ..errors import NotSupportedError, OperationError
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from ..types import Number
from .choices import where
from .declare import operation


@operation
def dist(input: Tensor, other: Tensor, p: Number = 2) -> Tensor:
    """The p-norm of `input - other`, which broadcast.

    >>> import rushlight as torch
    >>> torch.dist(torch.tensor([0.0, 3.0]), torch.tensor([4.0, 0.0]))
    tensor(5.)
    """
    return (input - other).norm(number(p))


@operation(inplace=True, out="exact")
def renorm(
    input: Tensor, p: Number, dim: int, maxnorm: Number, *, out: Tensor | None = None
) -> Tensor:
    """Slices along `dim` whose p-norm is larger than `maxnorm` scaled down to it.

    >>> import rushlight as torch
    >>> torch.tensor([[3.0, 4.0], [0.3, 0.4]]).renorm(2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    power: Any = number(p)
    most: Any = number(maxnorm)
    if power <= 0:
        raise OperationError(f"renorm: non-positive-norm not supported (p={p})")
    if most < 0:
        raise OperationError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.array.ndim < 2:
        raise OperationError(
            f"renorm: input needs at least 2 dimensions, got {input.array.ndim} dimensions"
        )
    if input.dtype.category < FLOATING:
        raise NotSupportedError(f"renorm: not implemented for {input.dtype}")
    axis = wrap_dim(dim, input.array.ndim)
    if input.array.dtype in HALVES:
        return renorm(input.float(), power, dim, most).to(input.dtype)
    others = [i for i in range(input.array.ndim) if i != axis]
    size: Any = input.norm(power, others, keepdim=True)
    return input * where(size > most, most / (size + 1e-7), 1.0)
