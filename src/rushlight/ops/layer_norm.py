"""Normalisation of each example by itself: over its last dimensions, or groups of its channels."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import Operation
from ..categories import FLOATS, check_taken
from ..dtype import FLOATING
from ..errors import InvalidValueError, OperationError, batch_of_one
from ..scalars import number
from ..tensor import Tensor
from ..type_info import finfo
from .declare import operation
from .elementwise import div
from .normalization import FormulaGradient, constant, normalized
from .padding import pad
from .pooling import check_averaged
from .reduction import mean, sum


class NativeLayerNorm(Operation):
    """(x - mean) / sqrt(var + eps) * weight + bias, for rows of `size` elements.

    Not `centered`, it is x / sqrt(mean(x^2) + eps) * weight.
    """

    kernel = "layer_norm"
    size: int
    eps: float
    centered: bool

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:2], *(constant(value) for value in output[1:]))
        self.shapes = [v if v is None else v.array.shape for v in inputs[1:3]]

    def backward(self, grad: Tensor, *_: Any) -> Any:
        x, weight, center, invstd = self.saved_tensors
        gradients = LayerNormGradient.apply(
            grad, x, weight, center, invstd, self.size, self.centered
        )
        of_x, *of_parameters = (g if self.needs(i) else None for i, g in enumerate(gradients))
        return of_x, *(
            g if g is None else g.reshape(shape)
            for g, shape in zip(of_parameters, self.shapes, strict=True)
        )


class LayerNorm(NativeLayerNorm):
    """The result alone."""

    kernel = "layer_norm"
    keeps = 2
    node_name = "NativeLayerNormBackward0"


class FusedRmsNorm(LayerNorm):
    kernel = "layer_norm"
    keeps = 2


class LayerNormGradient(FormulaGradient):
    """The gradients of input, and of weight and bias as vectors."""

    kernel = "layer_norm_backward"
    size: int
    centered: bool

    def formula(self, grad: Any, x: Any, weight: Any, center: Tensor, invstd: Tensor) -> Any:
        rows = (-1, self.size)
        scaled, values = grad.reshape(rows), x.reshape(rows)
        if weight is not None:
            scaled = scaled * weight.reshape(-1)
        old = values.detach()
        if self.centered:
            eps = invstd.reshape(-1, 1) ** -2 - old.var(1, unbiased=False, keepdim=True)
            values = values - mean(values, 1, True)
        else:
            eps = invstd.reshape(-1, 1) ** -2 - mean(old * old, 1, True)
        invstd = (mean(values * values, 1, True) + eps).rsqrt()
        normalized = values * invstd
        change = scaled - normalized * mean(scaled * normalized, 1, True)
        if self.centered:
            change = change - mean(scaled, 1, True)
        by_row = grad.reshape(rows)
        of_x = (change * invstd).reshape(x.array.shape)
        return of_x, sum(by_row * normalized, 0), sum(by_row, 0)


class NativeGroupNorm(Operation):
    """(x - mean) / sqrt(var + eps) * weight + bias, for groups of channels."""

    kernel = "group_norm"
    groups: int
    eps: float

    def setup_context(self, inputs: Any, output: Any) -> None:
        self.save(*inputs[:2], *(constant(value) for value in output[1:]))

    def backward(self, grad: Tensor, *of_statistics: Tensor) -> Any:
        x, weight, center, invstd = self.saved_tensors
        gradients = GroupNormGradient.apply(grad, x, weight, center, invstd, self.groups)
        of_x, *others = (g if self.needs(i) else None for i, g in enumerate(gradients))
        if of_x is not None and of_statistics:
            of_x = of_x + self.through_statistics(x, *of_statistics)
        return of_x, *others

    def through_statistics(self, x: Tensor, of_center: Tensor, of_invstd: Tensor) -> Tensor:
        """The gradient of the input that the mean and the scale send back."""
        groups = of_center.array.shape
        size = x.array.size // max(math.prod(groups), 1)
        parted = x.reshape(*groups, size)
        far = parted - mean(parted, -1, True)
        invstd = (mean(far * far, -1, True) + self.eps).rsqrt()
        change = of_center.unsqueeze(-1) - of_invstd.unsqueeze(-1) * invstd**3 * far
        return (change / size).reshape(x.array.shape)


class GroupNorm(NativeGroupNorm):
    """The result alone."""

    kernel = "group_norm"
    keeps = 2
    node_name = "NativeGroupNormBackward0"


class GroupNormGradient(FormulaGradient):
    """The gradients of input, weight and bias."""

    kernel = "group_norm_backward"
    groups: int

    def formula(self, grad: Any, x: Any, weight: Any, center: Tensor, invstd: Tensor) -> Any:
        shape = x.array.shape
        count, channels = shape[:2]
        parted = (count, self.groups, channels // self.groups, math.prod(shape[2:]))
        values, scaled = x.reshape(parted), grad.reshape(parted)
        if weight is not None:
            scaled = scaled * weight.reshape(1, *parted[1:3], 1)
        axes = (2, 3)
        eps = invstd.reshape(count, self.groups, 1, 1) ** -2 - values.detach().var(
            axes, unbiased=False, keepdim=True
        )
        values = values - mean(values, axes, True)
        invstd = (mean(values * values, axes, True) + eps).rsqrt()
        normalized = values * invstd
        change = scaled - mean(scaled, axes, True)
        change = change - normalized * mean(scaled * normalized, axes, True)
        products = grad.reshape(parted) * normalized
        return (
            (change * invstd).reshape(shape),
            sum(products, (0, 3)).reshape(channels),
            sum(grad.reshape(parted), (0, 3)).reshape(channels),
        )


# ---- over the last dimensions


@operation("nn.functional")
def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions (Ba et al. 2016).

    `normalized_shape` is their sizes, and the shape of `weight` and `bias`.

    >>> import rushlight as torch
    >>> torch.nn.functional.layer_norm(torch.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    size = _row_size("layer_norm", input, normalized_shape, weight, bias)
    if size == 0:
        return input.clone()
    return LayerNorm.apply(input, weight, bias, size, number(eps), True)


@operation("nn.functional", "torch.rms_norm")
def rms_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions (Zhang, Sennrich 2019).

    `eps` is the dtype's own unless it is given.

    >>> import rushlight as torch
    >>> torch.nn.functional.rms_norm(torch.tensor([[3.0, 4.0], [1.0, 1.0]]), (2,))  # 3 / sqrt(12.5)
    tensor([[0.8485, 1.1314],
            [1.0000, 1.0000]])
    """
    if eps is None:
        eps = finfo(input.dtype).eps if input.dtype.category >= FLOATING else 0.0
    if input.dtype.category > FLOATING:
        axes = tuple(range(-len(normalized_shape), 0))
        result = input * (mean(input * input, axes, True) + eps).rsqrt()
        return result if weight is None else result * weight
    size = _row_size("rms_norm", input, normalized_shape, weight, None)
    if size == 0:
        return input.clone()
    return FusedRmsNorm.apply(input, weight, None, size, number(eps), False)


@operation(method=False)
def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm`, and the mean and the reciprocal standard deviation of each row.

    >>> import rushlight as torch
    >>> x = torch.tensor([[1.0, 3.0]])
    >>> torch.native_layer_norm(x, (2,), None, None, 0.0)
    (tensor([[-1.,  1.]]), tensor([[2.]]), tensor([[1.]]))
    """
    size = _row_size("native_layer_norm", input, normalized_shape, weight, bias)
    outer = input.array.shape[: input.array.ndim - len(normalized_shape)]
    shape = outer + (1,) * len(normalized_shape)
    if size == 0:
        return input.clone(), input.new_zeros(shape), input.new_zeros(shape)
    result, center, invstd = NativeLayerNorm.apply(input, weight, bias, size, number(eps), True)
    return result, center.detach().reshape(shape), invstd.detach().reshape(shape)


def _row_size(name: str, x: Tensor, sizes: Any, weight: Any, bias: Any) -> int:
    """The number of elements that are normalised together."""
    if not isinstance(sizes, (tuple, list)):
        raise TypeError(
            f"{name}(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(sizes).__name__}"
        )
    sizes, shape = tuple(sizes), x.array.shape
    if not sizes:
        raise OperationError(
            f"{name}: Expected normalized_shape to be at least 1-dimensional, i.e., containing at "
            "least one element, but got normalized_shape = []"
        )
    for word, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.array.shape != sizes:
            raise OperationError(
                f"{name}: Expected {word} to be of same shape as normalized_shape, but got {word} "
                f"of shape {list(value.shape)} and normalized_shape = {list(sizes)}"
            )
    if shape[-len(sizes) :] != sizes:
        told = "".join(f", {n}" for n in sizes)
        raise OperationError(
            f"{name}: Given normalized_shape={list(sizes)}, expected input with shape [*{told}], "
            f"but got input of size{list(shape)}"
        )
    _check_floats(name, x, weight, bias)
    return math.prod(sizes)


def _check_floats(name: str, x: Tensor, *parameters: Any) -> None:
    array = check_taken(name, x.array, FLOATS)
    for value in parameters:
        if value is not None and value.array.dtype != array.dtype and array.itemsize > 2:
            raise OperationError(
                f"{name}: mixed dtype: expect parameters to have the input's {x.dtype}, got "
                f"{value.dtype}; convert with .to()"
            )


# ---- over groups of channels


@operation("nn.functional")
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(var + eps) * weight + bias over groups of channels (Wu, He 2018).

    Each image of (N, C, ...) has `num_groups` means and variances; weight and bias are (C).

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0], [3.0], [10.0], [30.0]]])
    >>> torch.nn.functional.group_norm(x, num_groups=2)
    tensor([[[-1.0000],
             [ 1.0000],
             [-1.0000],
             [ 1.0000]]])
    """
    _check_group_norm(input, num_groups, weight, bias)
    shape = input.array.shape
    if shape[0] * shape[1] * math.prod(shape[2:]) == num_groups and shape[0] == 1:
        raise InvalidValueError(
            f"Expected more than 1 value per channel when training, got input size {list(shape)} "
            f"(group_norm of {num_groups} groups)"
        )
    return GroupNorm.apply(input, weight, bias, num_groups, number(eps))


@operation(method=False)
def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int,
    group: int, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """`group_norm`, and the mean and the reciprocal standard deviation of each group: (N, group).

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0], [3.0], [10.0], [30.0]]])
    >>> torch.native_group_norm(x, None, None, 1, 4, 1, 2, 0.0)[1]  # the means of two groups
    tensor([[ 2., 20.]])
    """
    _check_group_norm(input, group, weight, bias)
    result, center, invstd = NativeGroupNorm.apply(input, weight, bias, group, number(eps))
    return result, center, invstd


def _check_group_norm(input: Tensor, groups: int, weight: Any, bias: Any) -> None:
    shape = input.array.shape
    if len(shape) < 2:
        raise OperationError(
            "group_norm: Expected at least 2 dimensions for input tensor but received "
            f"{len(shape)}{batch_of_one(len(shape), 2)}"
        )
    if groups <= 0 or shape[1] % groups:
        raise (OperationError if groups else ZeroDivisionError)(
            "group_norm: Expected number of channels in input to be divisible by num_groups, but "
            f"got input of shape {list(shape)} and num_groups={groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and value.array.shape != shape[1:2]:
            raise OperationError(
                f"group_norm: Expected {name} to be a vector of size equal to the number of "
                f"channels in input, but got {name} of shape {list(value.shape)} and input of "
                f"shape {list(shape)}"
            )
    _check_floats("group_norm", input, weight, bias)


@operation("nn.functional")
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(var + eps) * weight + bias, per channel of each image (Ulyanov 2016).

    With `use_input_stats` these are its own, and the running ones move towards their average by
    `momentum`; else the running ones are used.

    >>> import rushlight as torch
    >>> torch.nn.functional.instance_norm(torch.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    shape = input.array.shape
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise OperationError(
                "instance_norm: Expected running_mean and running_var to be defined when "
                "use_input_stats is false"
            )
        return normalized(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if math.prod(shape[2:]) == 1:
        raise InvalidValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    for name, value in (("running_mean", running_mean), ("running_var", running_var)):
        if value is not None and value.array.shape != (shape[1],):
            raise OperationError(
                f"instance_norm: {name} should contain {shape[1]} elements not {value.array.size}"
            )
    _check_group_norm(input, max(shape[1], 1), weight, bias)
    if running_mean is not None and running_var is not None:
        _move_running(input.detach(), running_mean, running_var, momentum)
    return GroupNorm.apply(input, weight, bias, max(shape[1], 1), number(eps))


def _move_running(x: Tensor, running_mean: Tensor, running_var: Tensor, momentum: float) -> None:
    axes = tuple(range(2, x.array.ndim))
    for running, batch in ((running_mean, x.mean(axes)), (running_var, x.var(axes))):
        running.detach().mul_(1 - momentum).add_(batch.mean(0).to(running.dtype) * momentum)


@operation("nn.functional", autocast="float32")
def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha * mean)^beta, the mean of x^2 over `size` channels around each.

    Channels are dimension 1 of (N, C, ...); beyond them x is 0 (Krizhevsky et al. 2012).

    >>> import rushlight as torch
    >>> torch.nn.functional.local_response_norm(torch.ones(1, 3, 1), 3, alpha=3.0, beta=1.0).ravel()
    tensor([0.3333, 0.2500, 0.3333])
    """
    ndim = input.array.ndim
    if ndim < 3:
        raise InvalidValueError(
            "local_response_norm: Expected 3D or higher dimensionality input (got "
            f"{ndim} dimensions){batch_of_one(ndim, 3)}"
        )
    if size <= 0:
        raise OperationError(f"local_response_norm: size should be greater than zero, got {size}")
    if input.array.size == 0:
        return input
    check_averaged("local_response_norm", input)
    channels = input.array.shape[1]
    padded = pad(input * input, (0, 0) * (ndim - 2) + (size // 2, (size - 1) // 2))
    total = padded.narrow(1, 0, channels)
    for start in range(1, size):
        total = total + padded.narrow(1, start, channels)
    # PyTorch's mean of whole numbers is whole.
    mode = None if input.dtype.category >= FLOATING else "floor"
    return input / (div(total, size, rounding_mode=mode) * alpha + k) ** beta
