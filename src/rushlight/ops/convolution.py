"""Convolution (cross-correlation, as the field calls it) and its gradients."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation
from ..errors import OperationError
from ..tensor import Tensor
from .common import conjugated
from .declare import operation
from .geometry import (
    check_channels,
    check_transposed_channels,
    convolution_geometry,
    per_dimension,
    transposed_geometry,
)
from .signatures import signature_of


class Convolution(Operation):
    """y[n, o] = bias[o] + sum over c of x[n, c] * weight[o, c], `*` the cross-correlation."""

    saves = (0, 1)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        x, weight = self.saved_tensors
        grad_x = grad_weight = grad_bias = None
        if self.needs(0):
            grad_x = ConvolutionInputGradient.apply(grad, conjugated(weight), self.geometry)
        if self.needs(1):
            with_bias = self.needs(2)
            other = conjugated(x)
            grad_weight = ConvolutionWeightGradient.apply(grad, other, self.geometry, with_bias)
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
            Convolution.apply(grad, conjugated(weight), None, self.geometry)
            if self.needs(0)
            else None,
            ConvolutionWeightGradient.apply(conjugated(first), grad, self.geometry, False)
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
            grad_first = Convolution.apply(conjugated(x), grad_weight, grad_bias, self.geometry)
        if self.needs(1):
            grad_x = ConvolutionInputGradient.apply(conjugated(first), grad_weight, self.geometry)
        return grad_first, grad_x


class TransposedConvolution(Operation):
    """What a convolution's gradient does to its output's gradient, with a bias: the adjoint."""

    node_name = "ConvolutionBackward0"
    saves = (0, 1)
    geometry: Any

    def backward(self, grad: Tensor) -> Any:
        x, weight = self.saved_tensors
        return (
            Convolution.apply(grad, conjugated(weight), None, self.geometry)
            if self.needs(0)
            else None,
            ConvolutionWeightGradient.apply(conjugated(x), grad, self.geometry, False)
            if self.needs(1)
            else None,
            grad.sum((0, *range(2, grad.array.ndim))) if self.needs(2) else None,
        )


def _convolve(
    name: str, rank: int, /, input: Tensor, weight: Tensor, bias: Tensor | None = None,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    _check_convolution(name, rank, input, weight, bias)
    if input.array.ndim == rank + 1:
        check_channels(name, input.array.shape, weight.array.shape, groups)
        arguments = (weight, bias, stride, padding, dilation, groups)
        return _convolve(name, rank, input.unsqueeze(0), *arguments).squeeze(0)
    shape = weight.array.shape
    if isinstance(padding, str):
        input, padding = _named_padding(name, input, shape[2:], padding, stride, dilation)
    geometry = convolution_geometry(
        name, input.array.shape, shape, stride, padding, dilation, groups
    )
    return Convolution.apply(input, weight, bias, geometry)


@operation("torch", "nn.functional.conv2d", method=False, autocast="lower")
@signature_of(_convolve)
def conv2d(*arguments: Any) -> Tensor:
    """The cross-correlation of images with a bank of kernels.

    `input` is (N, C, H, W) or (C, H, W), `weight` (O, C / groups, kH, kW), `bias` (O). `padding` is
    a number of zeros at each edge, "valid" (none) or "same" (as many as keep the size). The result
    (N, O, H', W') lies channels-last in memory.

    >>> import rushlight as torch
    >>> torch.nn.functional.conv2d(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _convolve("conv2d", 2, *arguments)


@operation("torch", "nn.functional.conv1d", method=False, autocast="lower")
@signature_of(_convolve)
def conv1d(*arguments: Any) -> Tensor:
    """`conv2d` in one dimension: input (N, C, L) or (C, L), weight (O, C / groups, k).

    >>> import rushlight as torch
    >>> torch.conv1d(torch.ones(1, 1, 4), torch.ones(1, 1, 2))
    tensor([[[2., 2., 2.]]])
    """
    return _convolve("conv1d", 1, *arguments)


@operation("torch", "nn.functional.conv3d", method=False, autocast="lower")
@signature_of(_convolve)
def conv3d(*arguments: Any) -> Tensor:
    """`conv2d` in three dimensions: input (N, C, D, H, W), weight (O, C / groups, kD, kH, kW).

    >>> import rushlight as torch
    >>> torch.conv3d(torch.ones(1, 1, 3, 4, 5), torch.ones(2, 1, 2, 2, 2)).shape
    torch.Size([1, 2, 2, 3, 4])
    """
    return _convolve("conv3d", 3, *arguments)


def _convolve_transposed(
    name: str, rank: int, /, input: Tensor, weight: Tensor, bias: Tensor | None = None,
    stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    _check_convolution(name, rank, input, weight, bias, groups)
    if input.array.ndim == rank + 1:
        check_transposed_channels(name, input.array.shape, weight.array.shape, groups)
        arguments = (weight, bias, stride, padding, output_padding, groups, dilation)
        return _convolve_transposed(name, rank, input.unsqueeze(0), *arguments).squeeze(0)
    sizes = (stride, padding, output_padding, dilation, groups)
    geometry = transposed_geometry(name, input.array.shape, weight.array.shape, *sizes)
    return TransposedConvolution.apply(input, weight, bias, geometry)


@operation("torch", "nn.functional.conv_transpose2d", method=False, autocast="lower")
@signature_of(_convolve_transposed)
def conv_transpose2d(*arguments: Any) -> Tensor:
    """The adjoint of `conv2d`: each element of the input adds its multiple of a kernel.

    `input` is (N, C, H, W) or (C, H, W), `weight` (C, O / groups, kH, kW), `bias` (O). The result
    (N, O, H', W'), with H' = (H - 1) stride - 2 padding + dilation (kH - 1) + output_padding + 1,
    lies channels-last in memory. `output_padding` says which of the sizes that `conv2d` would take
    to H is meant; it must be smaller than stride or dilation.

    >>> import rushlight as torch
    >>> torch.nn.functional.conv_transpose2d(torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    return _convolve_transposed("conv_transpose2d", 2, *arguments)


@operation("torch", "nn.functional.conv_transpose1d", method=False, autocast="lower")
@signature_of(_convolve_transposed)
def conv_transpose1d(*arguments: Any) -> Tensor:
    """`conv_transpose2d` in one dimension: input (N, C, L), weight (C, O / groups, k).

    >>> import rushlight as torch
    >>> x, weight = torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[1.0, 1.0, 1.0]]])
    >>> torch.nn.functional.conv_transpose1d(x, weight, stride=2)  # each x times 1 1 1, 2 apart
    tensor([[[1., 1., 3., 2., 2.]]])
    """
    return _convolve_transposed("conv_transpose1d", 1, *arguments)


@operation("torch", "nn.functional.conv_transpose3d", method=False, autocast="lower")
@signature_of(_convolve_transposed)
def conv_transpose3d(*arguments: Any) -> Tensor:
    """`conv_transpose2d` in three dimensions: input (N, C, D, H, W), weight (C, O / groups, kD, kH,
    kW).

    >>> import rushlight as torch
    >>> x, weight = torch.ones(1, 4, 3, 3, 3), torch.ones(4, 2, 2, 2, 2)
    >>> torch.nn.functional.conv_transpose3d(x, weight, stride=2).shape
    torch.Size([1, 2, 6, 6, 6])
    """
    return _convolve_transposed("conv_transpose3d", 3, *arguments)


def _check_convolution(
    name: str, rank: int, input: Tensor, weight: Tensor, bias: Tensor | None,
    groups: int | None = None,
) -> None:  # fmt: skip
    """Checks what the geometry does not see: dtypes, and the sizes of weight and bias.

    `groups` is that of a transposed convolution, whose weight counts the outputs of a group.
    """
    x, w = input.array, weight.array
    if w.ndim != rank + 2:
        layout = "(out, in / groups, kernel)" if groups is None else "(in, out / groups, kernel)"
        raise OperationError(
            f"{name}: weight must have {rank + 2} dimensions {layout}, got {tuple(w.shape)}"
        )
    for word, other in (("weight", weight), ("bias", bias)):
        if other is not None and x.dtype is not other.array.dtype and x.dtype != other.array.dtype:
            raise OperationError(
                f"{name}: Input type ({input.type()}) and {word} type ({other.type()}) should be "
                f"the same; convert the input with .to({word}.dtype)"
            )
    outputs = w.shape[0] if groups is None else w.shape[1] * groups
    if bias is not None and bias.array.shape != (outputs,):
        raise OperationError(
            f"{name}: expected bias to be 1-dimensional with {outputs} elements, but got bias "
            f"of size {list(bias.array.shape)} instead"
        )


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
