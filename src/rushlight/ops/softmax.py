"""Softmax, its logarithm, and the logarithm of sums of exponentials."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutput, SavesOutputAndInput
from ..categories import FLOATS, check_taken
from ..dtype import COMPLEX, FLOATING, HALVES, get_default_dtype
from ..dtype import dtype as DType
from ..layout import contiguous_format
from ..tensor import Tensor, wrap_dim
from .common import conjugated
from .creation import empty_like, zeros_like
from .declare import Binary, operation
from .joining import cat
from .scan import LinearScan


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


class Logcumsumexp(SavesOutputAndInput):
    """log(cumsum(exp(x)))."""

    dim: int

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        # s[k] = grad[k] + exp(y[k] - y[k + 1]) * s[k + 1]: linear in grad, and nothing overflows.
        sums, dim = grad, self.dim
        length = grad.array.shape[dim] if grad.array.ndim else 1
        if length > 1:
            here, next_one = y.narrow(dim, 0, length - 1), y.narrow(dim, 1, length - 1)
            alike = (here == next_one) & here.isinf()  # whose difference is no number
            steps = (here.masked_fill(alike, 0) - next_one.masked_fill(alike, 0)).exp()
            factors = cat([steps, y.new_zeros(()).expand(y.narrow(dim, 0, 1).array.shape)], dim)
            turned = conjugated(factors).flip(dim)
            sums = LinearScan.apply(turned, grad.flip(dim), dim).flip(dim)
        return sums * conjugated((x - y).exp())


logaddexp = Logaddexp.define(inplace=False)
logaddexp2 = Logaddexp2.define(inplace=False)


@operation("torch", "special.softmax", out="exact")
def softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`: positive numbers that add up to 1.

    >>> import rushlight as torch
    >>> torch.softmax(torch.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return Softmax.apply(_floating("softmax", input, dtype), _dim("softmax", dim, input))


@operation("torch", "special.log_softmax", out="exact")
def log_softmax(input: Tensor, dim: int, dtype: DType | None = None) -> Tensor:
    """log(softmax(x)) along `dim`, computed as x - max(x) - log(sum(exp(x - max(x)))).

    >>> import rushlight as torch
    >>> torch.log_softmax(torch.zeros(2), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return LogSoftmax.apply(_floating("log_softmax", input, dtype), _dim("log_softmax", dim, input))


def _floating(name: str, input: Tensor, dtype: Any) -> Tensor:
    x = input if dtype is None else input.to(dtype)
    check_taken(name, x, FLOATS)
    return x


def _dim(name: str, dim: int | None, input: Tensor) -> int:
    if dim is None:
        raise TypeError(
            f"{name}(): argument 'dim' (the dimension that adds to 1) must be int, not NoneType"
        )
    return wrap_dim(dim, input.array.ndim)


# ---- as nn.functional has them: `dim` may be left out, as it could be in PyTorch's first versions


@operation("nn.functional", name="softmax")
def _functional_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`: positive numbers that add up to 1.

    Without `dim`, of which PyTorch warns, it is 0 where x has 0, 1 or 3 dimensions, else 1.

    >>> import rushlight as torch
    >>> torch.nn.functional.softmax(torch.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    axis = _guessed("softmax", input, _stacklevel) if dim is None else dim
    return Softmax.apply(_floating("softmax", input, dtype), _dim("softmax", axis, input))


@operation("nn.functional", name="log_softmax")
def _functional_log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """log(softmax(x)) along `dim`, which may be left out as in `softmax`.

    >>> import rushlight as torch
    >>> torch.nn.functional.log_softmax(torch.zeros(2), dim=0)
    tensor([-0.6931, -0.6931])
    """
    axis = _guessed("log_softmax", input, _stacklevel) if dim is None else dim
    return LogSoftmax.apply(
        _floating("log_softmax", input, dtype), _dim("log_softmax", axis, input)
    )


@operation("nn.functional")
def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """softmax(-x) along `dim`, which may be left out as in `softmax`.

    >>> import rushlight as torch
    >>> torch.nn.functional.softmin(torch.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    axis = _guessed("softmin", input, _stacklevel) if dim is None else dim
    return Softmax.apply(_floating("softmin", -input, dtype), _dim("softmin", axis, input))


def _guessed(name: str, input: Tensor, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=stacklevel + 1,  # this function, the body and the entry are between
    )
    return 0 if input.array.ndim in (0, 1, 3) else 1


@operation("nn.functional")
def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample of a categorical distribution that gradients pass: softmax((logits + g) / tau).

    g is -log of exponential random numbers. With `hard` the result is one-hot, and the gradient
    that of the soft one (Jang et al., arXiv 1611.01144).

    >>> import rushlight as torch
    >>> torch.nn.functional.gumbel_softmax(torch.tensor([[100.0, 0.0]]), hard=True)
    tensor([[1., 0.]])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=3)
    gumbels = -empty_like(logits, memory_format=contiguous_format).exponential_().log()
    soft = softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    chosen = soft.argmax(dim, keepdim=True)
    one_hot = zeros_like(soft.detach()).scatter_(dim, chosen, 1.0)
    return one_hot - soft.detach() + soft


@operation("torch", "special.logsumexp", out="cast")
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) along `dim`, without overflow.

    >>> import rushlight as torch
    >>> torch.logsumexp(torch.zeros(2), 0)
    tensor(0.6931)
    """
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


@operation(inplace=True, out="exact")
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log(cumsum(exp(x))) along `dim`, without overflow.

    >>> import rushlight as torch
    >>> torch.logcumsumexp(torch.zeros(3), dim=0)
    tensor([0.0000, 0.6931, 1.0986])
    """
    if input.array.dtype in HALVES:
        return logcumsumexp(input.float(), dim).to(input.dtype)
    x = input if input.dtype.category == COMPLEX else _floating("logcumsumexp", input, None)
    return Logcumsumexp.apply(x, wrap_dim(dim, x.array.ndim))
