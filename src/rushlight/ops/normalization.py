"""Batch normalisation."""

from __future__ import annotations

from typing import Any

from ..autograd.mirror import all_written
from ..autograd.operation import Operation, SavesInputs
from ..errors import InvalidValueError, OperationError
from ..scalars import number
from ..tensor import Tensor, wrap
from .common import gradients_by_formula
from .declare import operation


class NativeBatchNorm(Operation):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel."""

    kernel = "batch_norm"
    keeps = 2
    training: bool
    momentum: float
    eps: float

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:2], *(constant(value) for value in output[1:]))

    def backward(self, grad: Tensor, *_: Any) -> Any:
        x, weight, mean, invstd = self.saved_tensors
        gradients = BatchNormGradient.apply(grad, x, weight, mean, invstd, self.training)
        return tuple(g if self.needs(i) else None for i, g in enumerate(gradients))


class BatchNormAndStatistics(NativeBatchNorm):
    """The same with the mean and the reciprocal standard deviation for results."""

    kernel = "batch_norm"
    node_name = "NativeBatchNormBackward0"
    keeps = 0


def constant(value: Any) -> Tensor:
    """A statistic that a backward uses: of the call, not of its inputs' history."""
    return value.detach() if isinstance(value, Tensor) else wrap(value)


class FormulaGradient(SavesInputs):
    """The gradients of input, weight and bias, in one kernel.

    Its own gradient is taken by writing the same formula in elementary operations, which needs no
    kernel of its own: second gradients through a normalisation are rare.
    """

    def formula(self, grad: Any, x: Any, weight: Any, mean: Tensor, invstd: Tensor) -> Any:
        """What the kernel computes, in operations that can be differentiated."""
        raise NotImplementedError

    def backward(self, *gradients: Tensor) -> Any:
        *values, mean, invstd = self.saved_tensors

        def formula(grad: Tensor, x: Tensor, weight: Tensor | None) -> Any:
            return self.formula(grad, x, weight, mean, invstd)

        return gradients_by_formula(formula, values, gradients)


class BatchNormGradient(FormulaGradient):
    kernel = "batch_norm_backward"
    training: bool

    def formula(self, grad: Any, x: Any, weight: Any, mean: Tensor, invstd: Tensor) -> Any:
        axes = (0, *range(2, x.array.ndim))
        spread = (1, -1) + (1,) * (x.array.ndim - 2)
        if self.training:
            mean = x.mean(axes)
            # eps = 1 / invstd^2 - var of the forward; it is a constant here.
            eps = (invstd**-2 - x.detach().var(axes, unbiased=False)).detach()
            invstd = (x.var(axes, unbiased=False) + eps).rsqrt()
        normalized = (x - mean.reshape(spread)) * invstd.reshape(spread)
        grad_weight, grad_bias = (grad * normalized).sum(axes), grad.sum(axes)
        scale = invstd if weight is None else weight * invstd
        if not self.training:
            return grad * scale.reshape(spread), grad_weight, grad_bias
        count = x.array.size // x.array.shape[1]
        centered = grad - grad_bias.reshape(spread) / count
        centered = centered - normalized * grad_weight.reshape(spread) / count
        return centered * scale.reshape(spread), grad_weight, grad_bias


@operation("nn.functional")
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Normalises each channel of (N, C, ...) by its mean and variance (Ioffe, Szegedy 2015).

    In training these are the batch's own, and the running ones move towards them by `momentum`;
    else the running ones are used.

    >>> import rushlight as torch
    >>> x, mean, var = torch.tensor([[1.0], [3.0]]), torch.zeros(1), torch.ones(1)
    >>> torch.nn.functional.batch_norm(x, mean, var, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    >>> mean  # a tenth of the way to 2
    tensor([0.2000])
    """
    if eps < 0 or training and eps == 0:
        wanted = "positive during training" if training else "non-negative"
        raise InvalidValueError(f"batch_norm eps must be {wanted}, but got {eps}")
    return normalized(input, running_mean, running_var, weight, bias, training, momentum, eps)


def normalized(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None, bias: Tensor | None, training: bool, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    """`batch_norm` with any `eps`, as PyTorch's other names of it take."""
    shape = input.array.shape
    channels = shape[1] if len(shape) > 1 else 0
    for name, value in (("running_mean", running_mean), ("running_var", running_var),
                        ("weight", weight), ("bias", bias)):  # fmt: skip
        if value is not None and value.array.shape != (channels,):
            raise OperationError(
                f"batch_norm: {name} should contain {channels} elements not {value.array.size} "
                f"(input {tuple(shape)})"
            )
    if training and input.array.size == channels and len(shape) > 1:
        raise InvalidValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    if not training and (running_mean is None or running_var is None):
        raise OperationError(
            f"batch_norm: running_{'mean' if running_mean is None else 'var'} must be defined in "
            "evaluation mode"
        )
    if input.array.size == 0:  # there is nothing that running statistics could learn from
        spread = (1, -1) + (1,) * (len(shape) - 2)
        scaled = input if weight is None else input * weight.reshape(spread)
        return scaled.clone() if bias is None else scaled + bias.reshape(spread)
    result = NativeBatchNorm.apply(
        input, weight, bias, running_mean, running_var, training, number(momentum), number(eps)
    )
    if training:
        all_written(v for v in (running_mean, running_var) if v is not None)
    return result


@operation(method=False, out="exact")
def native_batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, *, out: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """`batch_norm`, and the batch's mean and reciprocal standard deviation per channel.

    They are empty where the running statistics are used.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0], [3.0]])
    >>> torch.native_batch_norm(x, None, None, None, None, True, 0.1, 0.0)
    (tensor([[-1.],
            [ 1.]]), tensor([2.]), tensor([1.]))
    """
    if not training or input.array.size == 0:
        result = normalized(input, running_mean, running_var, weight, bias, training, momentum, eps)
        return result, input.new_empty((0,)), input.new_empty((0,))
    result, mean, invstd = BatchNormAndStatistics.apply(
        input, weight, bias, running_mean, running_var, True, number(momentum), number(eps)
    )
    all_written(v for v in (running_mean, running_var) if v is not None)
    return result, mean.detach(), invstd.detach()


@operation(method=False, out="exact")
def _native_batch_norm_legit(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, *rest: Any, out: Any = None
) -> tuple[Tensor, Tensor, Tensor]:
    """`native_batch_norm`, whose running statistics may be left away."""
    if len(rest) == 3:
        rest = (None, None, *rest)
    return native_batch_norm(input, weight, bias, *rest)
