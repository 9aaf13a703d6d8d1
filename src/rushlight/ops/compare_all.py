"""Whether two tensors are the same, or nearly; whether one holds an element."""

from __future__ import annotations

from typing import Any

from ..autograd import no_grad
from ..dtype import INTEGER
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation
from .promotion import is_operand, table_of


@operation
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same elements.

    >>> import rushlight as torch
    >>> torch.equal(torch.tensor([1, 2]), torch.tensor([1, 2]))
    True
    """
    x, y = input.array, other.array
    if x.shape != y.shape:
        return False
    if x.dtype != y.dtype or type(x) is not type(y):
        return bool((input == other).all())
    return table_of(input).all_equal(x, y)


@operation
def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |input - other| <= atol + rtol |other|, element by element.

    >>> import rushlight as torch
    >>> torch.isclose(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
    tensor([ True, False])
    """
    if input.array.dtype != other.array.dtype:
        raise OperationError(f"isclose: {input.dtype} did not match {other.dtype}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise OperationError(
                f"isclose: {name} must be greater than or equal to zero, but got {tolerance}"
            )
    with no_grad():
        close = input == other
        if input.is_floating_point():
            near = (input - other).abs() <= atol + rtol * other.abs()
            close = close | (near & input.isfinite() & other.isfinite())
            if equal_nan:
                close = close | (input.isnan() & other.isnan())
        elif input.dtype.category == INTEGER:
            # The distance of two whole numbers may be beyond their dtype.
            near = (input.double() - other.double()).abs() <= atol + rtol * other.double().abs()
            close = close | near if atol or rtol else close
        elif input.is_complex():
            close = close | ((input - other).abs() <= atol + rtol * other.abs())
        return close


@operation
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements satisfy `isclose`.

    >>> import rushlight as torch
    >>> torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-9]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


@operation("Tensor")
def __contains__(self: Tensor, element: Any) -> bool:
    """Whether some element equals `element`, a number or a tensor: `3 in x`."""
    if not is_operand(element):
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
    return bool((self == element).any())
