"""Softmax, its logarithm, and the logarithm of sums of exponentials."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutput
from ..categories import FLOATS, check_taken
from ..dtype import COMPLEX, FLOATING, HALVES, get_default_dtype
from ..dtype import dtype as DType
from ..tensor import Tensor, wrap_dim
from ..type_info import finfo
from .choices import where
from .common import conjugated
from .declare import Binary, operation


class Softmax(SavesOutput):
    """exp(x) / sum(exp(x))."""

    dim: int

    def backward(self, grad: Tensor) -> Any:
        return SoftmaxGradient.apply(grad, self.saved_tensors[0], self.dim)


class SoftmaxGradient(SavesInputs):
    """y * (grad - sum(grad * y))."""

    kernel = "softmax_backward"
    dim: int

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        grad_y = None
        if self.needs(1):
            total = (first * y).sum(self.dim, keepdim=True)
            grad_y = grad * (first - total) - first * (grad * y).sum(self.dim, keepdim=True)
        return SoftmaxGradient.apply(grad, y, self.dim), grad_y


class LogSoftmax(SavesOutput):
    """x - log(sum(exp(x)))."""

    dim: int

    def backward(self, grad: Tensor) -> Any:
        return LogSoftmaxGradient.apply(grad, self.saved_tensors[0], self.dim)


class LogSoftmaxGradient(SavesInputs):
    """grad - exp(y) * sum(grad)."""

    kernel = "log_softmax_backward"
    dim: int

    def backward(self, grad: Tensor) -> Any:
        first, y = self.saved_tensors
        p = y.exp()
        grad_first = grad - (grad * p).sum(self.dim, keepdim=True)
        grad_y = -grad * p * first.sum(self.dim, keepdim=True) if self.needs(1) else None
        return grad_first, grad_y


class Logaddexp(SavesInputs, Binary):
    """log(exp(input) + exp(other)), broadcast, without overflow.

    >>> import rushlight as torch
    >>> torch.logaddexp(torch.tensor([0.0, 1000.0]), torch.tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0007e+03])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        share = conjugated(a - b)
        return grad * share.sigmoid(), grad * (-share).sigmoid() if self.needs(1) else None


class Logaddexp2(SavesInputs, Binary):
    """log2(2 ** input + 2 ** other), broadcast, without overflow.

    >>> import rushlight as torch
    >>> torch.logaddexp2(torch.tensor([1.0]), torch.tensor([1.0]))
    tensor([2.])
    """

    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        scaled = (a - b) * math.log(2)
        return grad * scaled.sigmoid(), grad * (-scaled).sigmoid() if self.needs(1) else None


class Logcumsumexp(SavesOutput):
    """log(cumsum(exp(x)))."""

    dim: int

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save_output(output, inputs[0])

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        least = finfo(grad.dtype).min  # the logarithm of 0, but with finite gradients
        dims = (self.dim,) if grad.array.ndim else ()
        if grad.dtype.category == COMPLEX:
            logs = grad.conj().log() - y
            return (logcumsumexp(logs.flip(dims), self.dim).flip(dims) + x).exp().conj()

        def share(positive: Tensor) -> Tensor:
            logs = where(positive > 0, positive.abs().log(), least) - y
            return (logcumsumexp(logs.flip(dims), self.dim).flip(dims) + x).exp()

        return share(grad) - share(-grad)


logaddexp = Logaddexp.define(inplace=False)
logaddexp2 = Logaddexp2.define(inplace=False)


@operation("torch", "nn.functional.softmax", "special.softmax")
def softmax(
    input: Tensor, dim: int | None = None, dtype: DType | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """exp(x) / sum(exp(x)) along `dim`: positive numbers that add up to 1.

    >>> import rushlight as torch
    >>> torch.softmax(torch.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return Softmax.apply(_floating("softmax", input, dtype), _dim("softmax", dim, input))


@operation("torch", "nn.functional.log_softmax", "special.log_softmax")
def log_softmax(
    input: Tensor, dim: int | None = None, dtype: DType | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(softmax(x)) along `dim`, computed as x - max(x) - log(sum(exp(x - max(x))))."""
    return LogSoftmax.apply(
        _floating("log_softmax", input, dtype), _dim("log_softmax", dim, input)
    )


@operation("nn.functional")
def softmin(input: Tensor, dim: int | None = None, dtype: DType | None = None) -> Tensor:
    """softmax(-x) along `dim`."""
    return softmax(-input, dim, dtype)


def _floating(name: str, input: Tensor, dtype: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}")
    x = input if dtype is None else input.to(dtype)
    check_taken(name, x, FLOATS)
    return x


def _dim(name: str, dim: int | None, input: Tensor) -> int:
    if dim is None:
        raise TypeError(f"{name}() missing required argument 'dim' (the dimension that adds to 1)")
    return wrap_dim(dim, input.array.ndim)


@operation("torch", "special.logsumexp")
def logsumexp(
    input: Tensor, dim: Any, keepdim: bool = False, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(sum(exp(x))) along `dim`, without overflow."""
    if input.array.dtype in HALVES:
        return logsumexp(input.float(), dim, keepdim).to(input.dtype)
    if input.dtype.category < FLOATING:
        input = input.to(get_default_dtype())
    if input.array.size == 0:
        return input.exp().sum(dim, keepdim).log()
    plain = input.detach()
    largest = (plain.real if plain.dtype.category == COMPLEX else plain).amax(dim, keepdim=True)
    largest = largest.masked_fill(largest.isinf(), 0.0)
    total = (input - largest).exp().sum(dim, keepdim=True).log() + largest
    if keepdim:
        return total
    axes = (dim,) if isinstance(dim, int) else tuple(dim)
    return total.squeeze(axes)


@operation(inplace=True)
def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """log(cumsum(exp(x))) along `dim`, without overflow.

    >>> import rushlight as torch
    >>> torch.logcumsumexp(torch.zeros(3), dim=0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    if input.array.dtype in HALVES:
        return logcumsumexp(input.float(), dim).to(input.dtype)
    x = input if input.dtype.category == COMPLEX else _floating("logcumsumexp", input, None)
    return Logcumsumexp.apply(x, wrap_dim(dim, x.array.ndim))
