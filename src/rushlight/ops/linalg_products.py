"""Products of vectors and matrices beside the matrix product itself: powers, exponentials, chains,
cross products."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..autograd.operation import SavesInputs
from ..categories import INEXACT, NUMBERS, check_taken
from ..dtype import BOOL, FLOATING, HALVES
from ..errors import OperationError
from ..tensor import Tensor, wrap_dim
from .common import check_same_device, conjugated
from .creation import arange
from .declare import operation
from .expansion import broadcast_tensors
from .joining import cat
from .linalg_checks import check_sides, check_square, identity_like
from .linalg_solve import inverse
from .matmul import matmul
from .promotion import of_one_dtype


class MatrixExp(SavesInputs):
    """The exponential of square matrices.

    >>> import rushlight as torch
    >>> torch.linalg.matrix_exp(torch.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    node_name = "LinalgMatrixExpBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        # The derivative in a direction stands beside the exponential of a block matrix (Najfeld
        # and Havel 1995).
        (a,) = self.saved_tensors
        size = a.array.shape[-1]
        turned = a.mH
        above = cat([turned, grad], -1)
        below = cat([turned * 0, turned], -1)
        return MatrixExp.apply(cat([above, below], -2))[..., :size, size:]


class Cross(SavesInputs):
    """Cross products along one dimension."""

    node_name = "LinalgCrossBackward0"
    dim: int

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return (
            Cross.apply(conjugated(b), grad, self.dim) if self.needs(0) else None,
            Cross.apply(grad, conjugated(a), self.dim) if self.needs(1) else None,
        )


@operation("torch", "linalg.matrix_exp")
def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of square matrices: I + A + A^2 / 2 + A^3 / 6 + ...

    >>> import rushlight as torch
    >>> torch.linalg.matrix_exp(torch.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    name = "linalg.matrix_exp"
    if input.dtype.category < FLOATING:
        raise OperationError(f"{name}: Expected a floating point or complex tensor as input.")
    check_sides(name, input)
    return MatrixExp.apply(input)


@operation("torch", "linalg.matrix_power", out="exact")
def matrix_power(input: Tensor, n: int) -> Tensor:
    """The n-th power of square matrices (..., m, m); that of the inverse for a negative n.

    LinAlgError for the inverse of a singular one.

    >>> import rushlight as torch
    >>> A = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    >>> torch.linalg.matrix_power(A, 3), torch.linalg.matrix_power(A, -1)
    (tensor([[1., 3.],
            [0., 1.]]), tensor([[ 1., -1.],
            [ 0.,  1.]]))
    """
    name = "linalg.matrix_power"
    check_sides(name, input)
    if n == 0:
        size = input.array.shape[-1]
        return input.clone().copy_(identity_like(input, size))
    if n < 0:
        check_square(name, input)
        input, n = inverse(input), -n
    result = None
    while True:
        if n & 1:
            result = input if result is None else matmul(result, input)
        n >>= 1
        if n == 0:
            assert result is not None
            return result.clone() if result is input else result
        input = matmul(input, input)


# ---- chains


@operation("linalg", out="exact", autocast="lower")
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications. The
    first and the last may be vectors. RuntimeError where sizes do not fit.

    >>> import rushlight as torch
    >>> torch.linalg.multi_dot([torch.ones(2, 10), torch.ones(10, 1), torch.ones(1, 3)])
    tensor([[10., 10., 10.],
            [10., 10., 10.]])
    """
    return _multi_dot("multi_dot", list(tensors))


@operation(method=False, out="exact", autocast="lower")
def chain_matmul(*matrices: Any) -> Tensor:
    """The product of matrices, in the order that takes the fewest multiplications.

    RuntimeError where sizes do not fit; `linalg.multi_dot` is the new form.

    >>> import rushlight as torch
    >>> torch.chain_matmul(torch.ones(2, 10), torch.ones(10, 1), torch.ones(1, 3))
    tensor([[10., 10., 10.],
            [10., 10., 10.]])
    """
    if len(matrices) == 1 and isinstance(matrices[0], (list, tuple)):
        matrices = tuple(matrices[0])
    for i, x in enumerate(matrices):
        if x.array.ndim != 2:
            raise OperationError(
                f"chain_matmul: Tensor dimension is {x.array.ndim}, expected 2 instead (number {i})"
            )
    if len(matrices) == 1:
        return matrices[0].clone()
    return _multi_dot("chain_matmul", list(matrices))


def _multi_dot(name: str, tensors: list[Tensor]) -> Tensor:
    if len(tensors) < 2:
        raise OperationError(f"{name}(): expected at least 2 tensors but got {len(tensors)}")
    for i, x in enumerate(tensors):
        if i in (0, len(tensors) - 1):
            if x.array.ndim not in (1, 2):
                raise OperationError(
                    f"{name}(): the first and the last tensor must be 1D or 2D but got "
                    f"{x.array.ndim}D"
                )
        elif x.array.ndim != 2:
            raise OperationError(f"{name}(): tensor {i} must be 2D but got {x.array.ndim}D")
    if len({x.array.dtype for x in tensors}) > 1:
        raise OperationError(
            f"{name}(): all tensors must have be the same dtype but they have "
            f"{', '.join(str(x.dtype) for x in tensors)}"
        )
    check_same_device(name, *tensors)
    is_row, is_column = tensors[0].array.ndim == 1, tensors[-1].array.ndim == 1
    if is_row:
        tensors[0] = tensors[0].unsqueeze(0)
    if is_column:
        tensors[-1] = tensors[-1].unsqueeze(-1)
    for i, (a, b) in enumerate(zip(tensors, tensors[1:], strict=False)):
        if a.array.shape[1] != b.array.shape[0]:
            raise OperationError(
                f"{name}(): tensors {i} and {i + 1} with shapes {list(a.array.shape)} and "
                f"{list(b.array.shape)} cannot be multiplied"
            )
    kind = tensors[0].dtype
    if kind.numpy in HALVES:
        tensors = [x.float() for x in tensors]
    sizes = (*(x.array.shape[0] for x in tensors), tensors[-1].array.shape[1])
    splits = _best_order(sizes)

    def multiply(first: int, last: int) -> Tensor:
        if first == last:
            return tensors[first]
        middle = splits[first, last]
        return matmul(multiply(first, middle), multiply(middle + 1, last))

    result = multiply(0, len(tensors) - 1).to(kind)
    if is_row:
        result = result.squeeze(0)
    return result.squeeze(-1) if is_column else result


@lru_cache
def _best_order(sizes: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to split the product of matrices [first, last] of these sizes; by dynamic programming
    (Cormen, chapter 15.2)."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for first in range(count - length):
            last = first + length
            ends = sizes[first] * sizes[last + 1]
            cost[first, last], split[first, last] = min(
                (cost[first, k] + cost[k + 1, last] + sizes[k + 1] * ends, k)
                for k in range(first, last)
            )
    return split


# ---- vectors


def _cross(name: str, a: Tensor, b: Tensor, dim: int) -> Tensor:
    if a.array.ndim != b.array.ndim:
        raise OperationError(
            f"{name}: inputs must have the same number of dimensions, but they have "
            f"{a.array.ndim} and {b.array.ndim}"
        )
    axis = wrap_dim(dim, a.array.ndim)
    if a.array.shape[axis] != 3 or b.array.shape[axis] != 3:
        raise OperationError(
            f"{name}: inputs dimension {dim} must have length 3. Got {a.array.shape[axis]} and "
            f"{b.array.shape[axis]}"
        )
    check_taken(name, a, NUMBERS)
    check_same_device(name, a, b)
    if a.array.shape != b.array.shape or a.array.dtype != b.array.dtype:
        a, b = broadcast_tensors(*of_one_dtype(a, b))
    return Cross.apply(a, b, axis)


@operation("linalg", name="cross", out="exact")
def _linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three elements along `dim`.

    >>> import rushlight as torch
    >>> torch.linalg.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    return _cross("linalg.cross", input, other, dim)


@operation(out="exact")
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product along `dim`, or else along the first dimension of length 3.

    (a1 b2 - a2 b1, a2 b0 - a0 b2, a0 b1 - a1 b0), broadcast. RuntimeError where none has length 3.

    >>> import rushlight as torch
    >>> torch.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), dim=0)
    tensor([0., 0., 1.])
    """
    if dim is None:
        if input.array.ndim != other.array.ndim:
            raise OperationError("cross: inputs must have the same number of dimensions.")
        shape = [max(sizes) for sizes in zip(input.array.shape, other.array.shape, strict=True)]
        if 3 not in shape:
            raise OperationError(f"no dimension of size 3 in input of shape {shape}")
        dim = shape.index(3)
    return _cross("linalg.cross", input, other, dim)


@operation("linalg", out="exact", autocast="lower")
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sum of conj(x) * y along `dim`; x and y broadcast.

    >>> import rushlight as torch
    >>> torch.linalg.vecdot(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    if x.array.dtype != y.array.dtype:
        raise OperationError(
            f"linalg.vecdot: Expected x and y to have the same dtype, but they have {x.dtype} and "
            f"{y.dtype}"
        )
    check_taken("linalg.vecdot", x, INEXACT)
    if x.array.dtype in HALVES:
        return vecdot(x.float(), y.float(), dim=dim).to(x.dtype)
    return (conjugated(x) * y).sum(dim, dtype=x.dtype)


@operation("linalg", name="vander")
def _linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each element, as rows: (..., n, N).

    >>> import rushlight as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=4)
    tensor([[ 1,  2,  4,  8],
            [ 1,  3,  9, 27]])
    """
    if x.dtype.category == BOOL:
        raise OperationError(
            "linalg.vander supports floating point, complex, and integer tensors, but got Bool"
        )
    x = x.unsqueeze(0) if x.array.ndim == 0 else x
    count = x.array.shape[-1] if N is None else N
    if count <= 1:
        raise OperationError(f"N must be greater than 1, but it is {count}.")
    return x.unsqueeze(-1) ** arange(count, device=x.device)
