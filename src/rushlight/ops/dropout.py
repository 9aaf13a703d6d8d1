"""Dropout: random elements set to zero while training."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..tensor import Tensor, wrap
from .declare import operation
from .random import drawn_like


class Dropout(Operation):
    """x * mask * scale. PyTorch records the product alone, as `MulBackward0`."""

    saves = (1,)
    scale: float

    def backward(self, grad: Tensor) -> Any:
        return Dropout.apply(grad, self.saved_tensors[0], self.scale)


@operation("nn.functional")
def dropout(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Sets each element to zero with probability `p` and scales the others by 1 / (1 - p).

    Only while `training` (Srivastava et al. 2014).
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.array.size == 0:
        return input
    if p == 1:
        result = input * 0.0
    else:
        mask = drawn_like(input, "random_bernoulli", None, 1 - p)
        result = Dropout.apply(input, wrap(mask), 1 / (1 - p))
    return input.copy_(result) if inplace else result
