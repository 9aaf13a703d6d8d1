"""Matrix products."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs
from ..errors import OperationError
from ..tensor import Tensor
from .common import conjugated
from .declare import operation


class Matmul(Operation):
    """Products of matrices in the last two dimensions, the others broadcast.

    >>> import rushlight as torch
    >>> torch.matmul(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1]))
    tensor([3, 7])
    """

    def setup_context(self, inputs: Any, output: Any) -> None:
        a, b = inputs
        self.save(b if self.needs(0) else None, a if self.needs(1) else None)

    def backward(self, grad: Tensor) -> Any:
        b, a = self.saved_tensors
        return (
            Matmul.apply(grad, conjugated(b.transpose(-2, -1))) if self.needs(0) else None,
            Matmul.apply(conjugated(a.transpose(-2, -1)), grad) if self.needs(1) else None,
        )


class Mv(Matmul):
    """The product of a matrix and a vector."""

    kernel = "matmul"

    def backward(self, grad: Tensor) -> Any:
        vector, matrix = self.saved_tensors
        grad_matrix = grad_vector = None
        if self.needs(0):
            grad_matrix = Mm.apply(grad.unsqueeze(1), conjugated(vector).unsqueeze(0))
        if self.needs(1):
            grad_vector = Mv.apply(conjugated(matrix.transpose(0, 1)), grad)
        return grad_matrix, grad_vector


Mm, Bmm = Matmul.renamed("Mm"), Matmul.renamed("Bmm")


class Dot(SavesInputs):
    """The sum of the products of two vectors' elements.

    >>> import rushlight as torch
    >>> torch.dot(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor(11)
    """

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        return grad * conjugated(b), grad * conjugated(a)


class Linear(Operation):
    """x @ weight.T + bias in one kernel."""

    def setup_context(self, inputs: Any, output: Any) -> None:
        x, weight, _ = inputs
        self.save(x if self.needs(1) else None, weight if self.needs(0) else None)

    def backward(self, grad: Tensor) -> Any:
        x, weight = self.saved_tensors
        grad_x = Matmul.apply(grad, conjugated(weight)) if self.needs(0) else None
        grad_weight = grad_bias = None
        if self.needs(1):
            with_bias = self.needs(2)
            grad_weight = LinearWeightGradient.apply(grad, conjugated(x), with_bias)
            if with_bias:
                grad_weight, grad_bias = grad_weight
        elif self.needs(2):
            grad_bias = grad.sum(tuple(range(grad.array.ndim - 1)))
        return grad_x, grad_weight, grad_bias


_Addmm, _Mm = Linear.renamed("Addmm", "linear"), Linear.renamed("Mm", "linear")
# PyTorch's linear of batches ends in a view of a product of matrices.
_View, _UnsafeView = Linear.renamed("View", "linear"), Linear.renamed("UnsafeView", "linear")


class LinearWeightGradient(Operation):
    """The gradients of weight and bias: linear in the output's gradient and in the input."""

    @staticmethod
    def forward(kernels: Any, grad: Any, x: Any, with_bias: bool) -> Any:
        weight, bias = kernels.linear_backward_weight(grad, x, with_bias)
        return (weight, bias) if with_bias else weight

    def setup_context(self, inputs: Any, output: Any) -> None:
        grad, x, _ = inputs
        self.save(grad if self.needs(1) else None, x if self.needs(0) else None)

    def backward(self, grad_weight: Tensor, grad_bias: Tensor | None = None) -> Any:
        first, x = self.saved_tensors
        return (
            Linear.apply(conjugated(x), grad_weight, grad_bias) if self.needs(0) else None,
            Matmul.apply(conjugated(first), grad_weight) if self.needs(1) else None,
        )


@operation("torch", "linalg.matmul", out="exact", autocast="lower")
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: of vectors, matrices, or batches of matrices that broadcast.

    >>> import rushlight as torch
    >>> torch.matmul(torch.ones(2, 3), torch.ones(3, 4)).shape
    torch.Size([2, 4])
    """
    a, b = input.array, other.array
    if a.ndim == 0 or b.ndim == 0:
        raise OperationError(
            f"both arguments to matmul need to be at least 1D, but they are {a.ndim}D and {b.ndim}D"
        )
    _check("matmul", input, other, a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0])
    if a.ndim == 2 and b.ndim == 2:
        return Mm.apply(input, other)
    if a.ndim == 2 and b.ndim == 1:
        return Mv.apply(input, other)
    _check_batches(a.shape[:-2], b.shape[:-2])
    if a.ndim == 3 and b.ndim == 3:
        return Bmm.apply(input, other)
    if a.ndim == b.ndim == 1:
        return Dot.apply(input, other)
    left = input.unsqueeze(0) if a.ndim == 1 else input
    right = other.unsqueeze(1) if b.ndim == 1 else other
    product = Matmul.apply(left, right)
    if b.ndim == 1:
        product = product.squeeze(-1)
    return product.squeeze(-2 if b.ndim > 1 else -1) if a.ndim == 1 else product


def _check(name: str, a: Tensor, b: Tensor, columns: int, rows: int) -> None:
    if columns != rows:
        shapes = f"{_times(a)} and {_times(b)}"
        raise OperationError(f"{name}: mat1 and mat2 shapes cannot be multiplied ({shapes})")
    if a.array.dtype != b.array.dtype:
        raise OperationError(
            f"{name}: expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}; "
            "convert one of them with .to(dtype)"
        )


def _check_batches(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rank = max(len(left), len(right))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (left, right)]
    for dim, (n, m) in enumerate(zip(*padded, strict=True)):
        if n != m and 1 not in (n, m):
            raise OperationError(
                f"matmul: The size of tensor a ({n}) must match the size of tensor b ({m}) at "
                f"non-singleton dimension {dim}"
            )


def _times(x: Tensor) -> str:
    return "x".join(str(n) for n in x.array.shape)


@operation("torch", "torch.spmm", "torch.dsmm", out="exact", autocast="lower")
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.

    >>> import rushlight as torch
    >>> torch.mm(torch.tensor([[1, 2], [3, 4]]), torch.tensor([[1], [1]]))
    tensor([[3],
            [7]])
    """
    if input.array.ndim != 2 or mat2.array.ndim != 2:
        wrong = "self" if input.array.ndim != 2 else "mat2"
        raise OperationError(f"{wrong} must be a matrix")
    _check("mm", input, mat2, input.array.shape[1], mat2.array.shape[0])
    return Mm.apply(input, mat2)


@operation(out="exact", autocast="lower")
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, pair by pair.

    >>> import rushlight as torch
    >>> torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 4, 5)).shape
    torch.Size([2, 3, 5])
    """
    for name, batch in (("batch1", input), ("batch2", mat2)):
        if batch.array.ndim != 3:
            raise OperationError(f"{name} must be a 3D tensor")
    if input.array.shape[0] != mat2.array.shape[0]:
        raise OperationError(
            f"bmm: batch sizes differ: {input.array.shape[0]} and {mat2.array.shape[0]}"
        )
    _check("matmul", input, mat2, input.array.shape[2], mat2.array.shape[1])
    return Bmm.apply(input, mat2)


@operation(out="exact", autocast="given")
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector.

    >>> import rushlight as torch
    >>> torch.mv(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1]))
    tensor([3, 7])
    """
    if input.array.ndim != 2 or vec.array.ndim != 1:
        raise OperationError(
            f"vector + matrix @ vector expected, got 1, {input.array.ndim}, {vec.array.ndim}"
        )
    return matmul(input, vec)


@operation(out="exact", autocast="given")
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The sum of the products of two vectors' elements.

    >>> import rushlight as torch
    >>> torch.dot(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor(11)
    """
    if input.array.ndim != 1 or tensor.array.ndim != 1:
        raise OperationError(
            f"1D tensors expected, but got {input.array.ndim}D and {tensor.array.ndim}D tensors"
        )
    if input.array.shape != tensor.array.shape:
        a, b = input.array.size, tensor.array.size
        raise OperationError(
            f"dot: inconsistent tensor size, expected tensor [{a}] and src [{b}] to have the same "
            f"number of elements, but got {a} and {b} elements respectively"
        )
    if input.array.dtype != tensor.array.dtype:
        raise OperationError(
            f"dot : expected both vectors to have same dtype, but found {input.dtype} and "
            f"{tensor.dtype}"
        )
    return Dot.apply(input, tensor)


@operation("torch", "ger", out="cast")
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The matrix of all products of two vectors' elements.

    >>> import rushlight as torch
    >>> torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    for name, vector in (("self", input), ("vec2", vec2)):
        if vector.array.ndim != 1:
            raise OperationError(
                f"outer: Expected 1-D argument {name}, but got {vector.array.ndim}-D"
            )
    return input.unsqueeze(1) * vec2


@operation("nn.functional", out="exact", autocast="lower")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias` for input (..., in), weight (out, in), bias (out): (..., out).

    RuntimeError where the features do not fit.

    >>> import rushlight as torch
    >>> x, weight = torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 1.0], [0.0, 3.0]])
    >>> torch.nn.functional.linear(x, weight, torch.tensor([10.0, 20.0]))
    tensor([13., 26.])
    """
    if weight.array.ndim != 2 or input.array.ndim == 0:
        raise OperationError(
            f"linear: weight must be a matrix (out, in) and the input at least 1-d, got "
            f"{tuple(weight.shape)} and {tuple(input.shape)}"
        )
    if input.array.shape[-1] != weight.array.shape[1]:
        raise OperationError(
            f"linear: mat1 and mat2 shapes cannot be multiplied ({_times(input)} and "
            f"{weight.array.shape[1]}x{weight.array.shape[0]}): the input has "
            f"{input.array.shape[-1]} features but weight {tuple(weight.shape)} takes "
            f"{weight.array.shape[1]}; did you forget to flatten?"
        )
    if input.array.dtype is not weight.array.dtype:
        _check("linear", input, weight, 0, 0)
    out = weight.array.shape[:1]
    if bias is not None and bias.array.shape[-1:] not in (out, (1,), ()):
        raise OperationError(
            f"linear: expected bias to be 1-dimensional with {out[0]} elements, as weight is "
            f"{tuple(weight.shape)}, but got bias of size {list(bias.shape)} instead"
        )
    ndim = input.array.ndim
    if ndim == 2:
        return (_Mm if bias is None else _Addmm).apply(input, weight, bias)
    if ndim == 1:
        return Linear.apply(input.unsqueeze(0), weight, bias).squeeze(0)
    return (_UnsafeView if bias is None else _View).apply(input, weight, bias)
