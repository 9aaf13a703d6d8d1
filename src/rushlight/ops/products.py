"""Products that add to a tensor, products over chosen dimensions, and the trace."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from operator import mul
from typing import Any

from ..autograd.operation import Operation
from ..categories import NUMBERS, check_taken
from ..dtype import BOOL, COMPLEX, HALVES, INTEGER, title_of
from ..dtype import bool as bool_
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from ..types import Number
from .common import conjugated
from .creation import ones_like
from .declare import operation, publish
from .matmul import Linear, bmm, dot, matmul, mm, mv, outer
from .promotion import check_factor, of_one_dtype, result_type
from .shape import reshaped
from .views import DiagEmbed, diagonal

# ---- beta * input + alpha * product


def _added(
    name: str, input: Tensor, a: Tensor, b: Tensor, beta: Number, alpha: Number,
    product: Callable[[Tensor, Tensor], Tensor],
) -> Tensor:  # fmt: skip
    """`beta * input + alpha * product(a, b)`, with the input in the product's shape or broadcast to
    it."""
    beta, alpha = number(beta), number(alpha)
    kind = input.dtype
    if a.array.dtype != input.array.dtype or b.array.dtype != input.array.dtype:
        raise OperationError(
            f"{name}: expected all operands to have the same dtype, but got {title_of(kind)}, "
            f"{title_of(a.dtype)} and {title_of(b.dtype)}; convert with .to(dtype)"
        )
    check_taken(name, input, NUMBERS)
    if kind.category < COMPLEX and (isinstance(beta, complex) or isinstance(alpha, complex)):
        raise OperationError(f"{name}: complex beta or alpha ({beta}, {alpha}) for {kind}")
    if kind.category <= INTEGER:
        beta, alpha = int(beta), int(alpha)  # type: ignore[arg-type]  # they are no complex numbers
        if not kind.is_signed and min(beta, alpha) < 0:
            raise OperationError(
                f"{name}: value cannot be converted to type {kind.name} without overflow (beta="
                f"{beta}, alpha={alpha})"
            )
    if input.array.dtype in HALVES:
        wide = _added(name, input.float(), a.float(), b.float(), beta, alpha, product)
        return wide.to(kind)
    made = product(a, b)
    if input.array.shape != made.array.shape:
        input = input.expand(made.array.shape)
    return _times_number(input, beta) + _times_number(made, alpha)


def _times_number(x: Tensor, factor: Number) -> Tensor:
    """`factor * x`; for 0 it does not matter what x holds, as in the library of matrices."""
    if factor == 0:
        return x.masked_fill(ones_like(x, dtype=bool_), 0)
    return x if factor == 1 else x * factor


@operation(inplace=True, out="exact", autocast="lower", numbers_first=True)
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)`; with a `beta` of 0 the input counts for nothing, nan
    included.

    >>> import rushlight as torch
    >>> torch.addmm(torch.ones(1, 1), torch.ones(1, 3), torch.ones(3, 1))
    tensor([[4.]])
    """
    if beta == alpha == 1 and _is_bias(input, mat1, mat2):
        return Linear.apply(mat1, mat2.mT, input)
    return _added("addmm", input, mat1, mat2, beta, alpha, mm)


def _is_bias(input: Tensor, mat1: Tensor, mat2: Tensor) -> bool:
    """Whether it is a linear layer's product, which has a kernel that adds the bias."""
    bias, x, weight = input.array, mat1.array, mat2.array
    return (
        x.ndim == weight.ndim == 2
        and x.shape[1] == weight.shape[0]
        and bias.shape == weight.shape[1:]
        and x.dtype is weight.dtype is bias.dtype
        and x.dtype.kind == "f"
    )


@operation(inplace=True, out="exact", numbers_first=True)
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """`beta * input + alpha * (mat @ vec)`, for (n) or a number, (n, m) and (m).

    >>> import rushlight as torch
    >>> torch.addmv(torch.tensor([10.0, 20.0]), torch.eye(2), torch.tensor([1.0, 2.0]), alpha=2)
    tensor([12., 24.])
    """
    return _added("addmv", input, mat, vec, beta, alpha, mv)


publish(Tensor.addmv_, "torch", "addmv_", False)


@operation(inplace=True, out="cast", numbers_first=True)
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`, for (n, m), (n) and (m).

    >>> import rushlight as torch
    >>> torch.addr(torch.full((2, 2), 10.0), torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor([[13., 14.],
            [16., 18.]])
    """
    kind = input.array.dtype
    if vec1.array.ndim != 1 or vec2.array.ndim != 1:
        raise OperationError(
            f"addr: Expected 1-D arguments vec1 and vec2, but got {vec1.array.ndim}-D and "
            f"{vec2.array.ndim}-D"
        )
    if (
        beta == alpha == 1 and kind.kind == "f" and kind not in HALVES
        and vec1.array.dtype is kind is vec2.array.dtype
        and input.array.shape == (vec1.array.size, vec2.array.size)
    ):  # fmt: skip
        return input + outer(vec1, vec2)
    for name, factor in (("beta", beta), ("alpha", alpha)):
        check_factor("addr", result_type(input, vec1, vec2), name, factor)
    if input.dtype.category == BOOL and vec1.dtype.category == vec2.dtype.category == BOOL:
        made = outer(vec1, vec2) if alpha else outer(vec1, vec2) & False
        return made | input if beta else made | (input & False)
    input, vec1, vec2 = of_one_dtype(input, vec1, vec2)
    # An alpha of 0 is a factor as others are: here nan in the vectors counts.
    return _added("addr", input, vec1, vec2, beta, 1, lambda a, b: outer(a, b) * alpha)


@operation(inplace=True, out="exact", autocast="lower", numbers_first=True)
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """`beta * input + alpha * (batch1 @ batch2)`, matrix by matrix: (b, n, m), (b, n, k), (b, k,
    m).

    >>> import rushlight as torch
    >>> x, a, b = torch.full((2, 1, 1), 10.0), torch.ones(2, 1, 3), torch.ones(2, 3, 1)
    >>> torch.baddbmm(x, a, b, alpha=2).ravel()
    tensor([16., 16.])
    """
    return _added("baddbmm", input, batch1, batch2, beta, alpha, bmm)


@operation(inplace=True, out="exact", autocast="lower", numbers_first=True)
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Number = 1, alpha: Number = 1
) -> Tensor:
    """`beta * input + alpha * (the sum of batch1 @ batch2 over the batch)`.

    (n, m) for (b, n, k) and (b, k, m).

    >>> import rushlight as torch
    >>> x, a, b = torch.full((1, 1), 10.0), torch.ones(2, 1, 3), torch.ones(2, 3, 1)
    >>> torch.addbmm(x, a, b)
    tensor([[16.]])
    """
    return _added("addbmm", input, batch1, batch2, beta, alpha, _summed_products)


def _summed_products(a: Tensor, b: Tensor) -> Tensor:
    """The batch as a part of the dimension that the product sums over: one product."""
    if a.array.ndim != 3 or b.array.ndim != 3 or a.array.shape[0] != b.array.shape[0]:
        bmm(a, b)  # its error
    batch, rows, depth = a.array.shape
    if b.array.shape[1] != depth:
        raise OperationError(
            f"addbmm: Incompatible matrix sizes for bmm ({rows}x{depth} and {b.array.shape[1]}x"
            f"{b.array.shape[2]})"
        )
    beside = a.permute(1, 0, 2).reshape(rows, batch * depth)
    return mm(beside, b.reshape(batch * depth, b.array.shape[2]))


# ---- products over chosen dimensions


@operation(out="exact")
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The sum of conj(input) * other of two vectors; RuntimeError for different lengths.

    >>> import rushlight as torch
    >>> torch.vdot(torch.tensor([1j, 2 + 0j]), torch.tensor([1j, 3 + 0j]))
    tensor(7.+0.j)
    """
    return dot(conjugated(input), other)


@operation(out="exact")
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sums of products over the last dimension of both: (*1, n) and (*2, n) give (*1, *2).

    Of numbers the product.

    >>> import rushlight as torch
    >>> torch.inner(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 10]))
    tensor([21, 43])
    """
    if input.array.ndim == 0 or other.array.ndim == 0:
        return input * other
    if input.array.shape[-1] != other.array.shape[-1]:
        raise OperationError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.array.shape)} and {list(other.array.shape)}"
        )
    if input.array.ndim == other.array.ndim == 1:
        return dot(input, other)
    if input.array.ndim == other.array.ndim == 2:
        return matmul(input, other.mT)
    return tensordot(input, other, dims=([-1], [-1]))


@operation(method=False, out="exact")
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sums of products over pairs of dimensions: the last `dims` of a and the first of b, or
    those of two lists. What is left of a comes first in the result.

    >>> import rushlight as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(3, 4, 5), dims=2).shape
    torch.Size([2, 5])
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.array.ndim else dims.item()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.array.ndim, b.array.ndim):
            raise OperationError(
                f"tensordot expects dims >= 0 and no more than there are, but got dims={dims} for "
                f"shapes {list(a.array.shape)} and {list(b.array.shape)}"
            )
        shared, rest = b.array.shape[:dims], b.array.shape[dims:]
        lead, depth = a.array.shape[: a.array.ndim - dims], prod(shared)
        if a.array.shape == shared == b.array.shape:
            return dot(reshaped(a, (depth,)), reshaped(b, (depth,)))
        if a.array.shape == lead + shared:
            left, right = reshaped(a, (prod(lead), depth)), reshaped(b, (depth, prod(rest)))
            return reshaped(matmul(left, right), lead + rest)
        dims = (range(len(lead), a.array.ndim), range(dims))
    of_a, of_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(of_a) != len(of_b):
        raise OperationError(
            f"tensordot: both dimension lists should have same length, got {of_a} and {of_b}"
        )
    of_a = [wrap_dim(d, a.array.ndim) for d in of_a]
    of_b = [wrap_dim(d, b.array.ndim) for d in of_b]
    for i, j in zip(of_a, of_b, strict=True):
        n, m = a.array.shape[i], b.array.shape[j]
        if n == m:
            continue
        if n == 1:
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif m == 1:
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        else:
            raise OperationError(
                f"tensordot: contracted dimensions need to match, but first has size {n} in dim "
                f"{i} and second has size {m} in dim {j}"
            )
    for name, found in (("self", of_a), ("other", of_b)):
        if len(set(found)) != len(found):
            raise OperationError(f"tensordot: dim appears multiple times in {found} of {name}")
    rest_a = [i for i in range(a.array.ndim) if i not in of_a]
    rest_b = [i for i in range(b.array.ndim) if i not in of_b]
    rows = [a.array.shape[i] for i in rest_a]
    columns = [b.array.shape[i] for i in rest_b]
    depth = prod(a.array.shape[i] for i in of_a)
    left = a.permute(rest_a + of_a).reshape(prod(rows), depth)
    right = b.permute(of_b + rest_b).reshape(depth, prod(columns))
    return matmul(left, right).reshape(*rows, *columns)


@operation(out="cast")
def kron(input: Tensor, other: Tensor) -> Tensor:
    """Kronecker's product: each element of `input` in turn times all of `other`.

    >>> import rushlight as torch
    >>> torch.kron(torch.tensor([1, 2]), torch.tensor([1, 10]))
    tensor([ 1, 10,  2, 20])
    """
    ndim = max(input.array.ndim, other.array.ndim)
    a, b = ((1,) * (ndim - x.array.ndim) + x.array.shape for x in (input, other))
    left = reshaped(input, tuple([n for size in a for n in (size, 1)]))
    right = reshaped(other, tuple([n for size in b for n in (1, size)]))
    return reshaped(left * right, tuple(map(mul, a, b)))


class Trace(Operation):
    """The sum of the main diagonal of a matrix."""

    keeps_shape = True

    @staticmethod
    def forward(kernels: Any, x: Any) -> Any:
        return kernels.sum(kernels.diagonal(x, 0, 0, 1), None, False)

    def backward(self, grad: Tensor) -> Any:
        line = grad.expand(min(self.input_shape))
        return DiagEmbed.apply(line, self.input_shape, 0, 0, 1)


@operation(autocast="float32")
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    >>> import rushlight as torch
    >>> torch.trace(torch.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if input.array.ndim != 2:
        raise OperationError(
            f"trace: expected a matrix, but got tensor with dim {input.array.ndim}"
        )
    check_taken("trace", input, NUMBERS)
    return Trace.apply(input) if input.array.dtype.kind in "fc" else diagonal(input).sum()
