"""Convolution (cross-correlation, as the field calls it) and its gradients."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..errors import OperationError
from ..tensor import Tensor
from .declare import operation
from .geometry import convolution_geometry, per_dimension


class Convolution(Operation):
    """y[n, o] = bias[o] + sum over c of x[n, c] * weight[o, c], `*` the cross-correlation."""

    saves = (0, 1)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        x, weight = self.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if self.needs(0):
            grad_x = ConvolutionInputGradient.apply(grad, weight, self.geometry)
        if self.needs(1):
            with_bias = self.needs(2)
            grad_weight = ConvolutionWeightGradient.apply(grad, x, self.geometry, with_bias)
            if with_bias:
                grad_weight, grad_bias = grad_weight
        elif self.needs(2):
            grad_bias = grad.sum((0, *range(2, grad.array.ndim)))
        return grad_x, grad_weight, grad_bias


class ConvolutionInputGradient(Operation):
    """The gradient of the input: linear in the output's gradient and in the weight."""

    kernel = "convolution_backward_input"
    saves = (0, 1)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        first, weight = self.saved_tensors
        return (
            Convolution.apply(grad, weight, None, self.geometry) if self.needs(0) else None,
            ConvolutionWeightGradient.apply(first, grad, self.geometry, False)
            if self.needs(1)
            else None,
        )


class ConvolutionWeightGradient(Operation):
    """The gradients of weight and bias: linear in the output's gradient and in the input."""

    saves = (0, 1)
    geometry: Any
    with_bias: bool

    @staticmethod
    def forward(kernels: Any, grad: Any, x: Any, geometry: Any, with_bias: bool) -> Any:
        weight, bias = kernels.convolution_backward_weight(grad, x, geometry, with_bias)
        return (weight, bias) if with_bias else weight

    def backward(self, grad_weight: Tensor, grad_bias: Tensor | None = None) -> Any:
        first, x = self.saved_tensors
        grad_first = grad_x = None
        if self.needs(0):
            grad_first = Convolution.apply(x, grad_weight, grad_bias, self.geometry)
        if self.needs(1):
            grad_x = ConvolutionInputGradient.apply(first, grad_weight, self.geometry)
        return grad_first, grad_x


@operation("torch", "nn.functional.conv2d", method=False)
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The cross-correlation of images with a bank of kernels.

    `input` is (N, C, H, W) or (C, H, W), `weight` (O, C / groups, kH, kW), `bias` (O). `padding` is
    a number of zeros at each edge, "valid" (none) or "same" (as many as keep the size). The result
    (N, O, H', W') lies channels-last in memory.

    >>> import rushlight as torch
    >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@operation("torch", "nn.functional.conv1d", method=False)
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """`conv2d` in one dimension: input (N, C, L) or (C, L), weight (O, C / groups, k)."""
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def _convolve(
    name: str, rank: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any,
    padding: Any, dilation: Any, groups: int,
) -> Tensor:  # fmt: skip
    if not isinstance(input, Tensor):
        raise TypeError(
            f"{name}(): argument 'input' must be Tensor, not {type(input).__name__}"
        )
    x, w = input.array, weight.array
    if w.ndim != rank + 2:
        raise OperationError(
            f"{name}: weight must have {rank + 2} dimensions (out, in / groups, kernel), got "
            f"{tuple(w.shape)}"
        )
    if x.ndim == rank + 1:
        arguments = (weight, bias, stride, padding, dilation, groups)
        return _convolve(name, rank, input.unsqueeze(0), *arguments).squeeze(0)
    if x.dtype is not w.dtype and x.dtype != w.dtype:
        raise OperationError(
            f"{name}: Input type ({input.type()}) and weight type ({weight.type()}) should be the "
            "same; convert the input with .to(weight.dtype)"
        )
    if bias is not None and bias.array.shape != (w.shape[0],):
        raise OperationError(
            f"{name}: expected bias to be 1-dimensional with {w.shape[0]} elements, but got bias "
            f"of size {list(bias.array.shape)} instead"
        )
    if isinstance(padding, str):
        input, padding = _named_padding(name, input, w.shape[2:], padding, stride, dilation)
    geometry = convolution_geometry(
        name, input.array.shape, w.shape, _hashable(stride), _hashable(padding),
        _hashable(dilation), groups,
    )  # fmt: skip
    return Convolution.apply(input, weight, bias, geometry)


def _hashable(sizes: Any) -> Any:
    return tuple(sizes) if isinstance(sizes, list) else sizes


def _named_padding(
    name: str, input: Tensor, kernel: Any, padding: str, stride: Any, dilation: Any
) -> tuple[Tensor, Any]:
    """The padding that "same" or "valid" stands for; an odd rest goes to the end of the input."""
    if padding == "valid":
        return input, 0
    if padding != "same":
        raise OperationError(f"{name}: Invalid padding string: '{padding}' (use 'same' or 'valid')")
    rank = len(kernel)
    if any(s != 1 for s in per_dimension(stride, rank, "stride")):
        raise OperationError("padding='same' is not supported for strided convolutions")
    total = [
        d * (k - 1) for d, k in zip(per_dimension(dilation, rank, "dilation"), kernel, strict=True)
    ]
    if any(n % 2 for n in total):
        from .padding import pad

        input = pad(input, [v for n in reversed(total) for v in (0, n % 2)])
    return input, tuple(n // 2 for n in total)
