"""Gradients of convolutions, for who computes them by hand: `torch.nn.grad`."""

from __future__ import annotations

from typing import Any

from ..autograd import grad
from ..grad_mode import enable_grad
from ..ops.creation import zeros
from ..tensor import Tensor
from . import functional as F

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input",
    "conv3d_weight",
]  # fmt: skip


def _gradient(convolution: Any, of: int, arguments: list[Any], grad_output: Any, *how: Any) -> Any:
    """The gradient of a convolution's argument number `of`, whose values do not matter."""
    known = arguments[1 - of]
    arguments[of] = zeros(
        *arguments[of], dtype=known.dtype, device=known.device, requires_grad=True
    )
    with enable_grad():
        result = convolution(*arguments, None, *how)
    return grad(result, arguments[of], grad_output)[0]


def conv1d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv1d` with respect to its input, of size `input_size`.

    >>> import rushlight as torch
    >>> weight = torch.tensor([[[2.0, 3.0]]])
    >>> torch.nn.grad.conv1d_input((1, 1, 3), weight, torch.ones(1, 1, 2))
    tensor([[[2., 5., 3.]]])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv1d, 0, [input_size, weight], grad_output, *how)


def conv1d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv1d` with respect to its weight, of size `weight_size`.

    >>> import rushlight as torch
    >>> x = torch.tensor([[[1.0, 2.0, 3.0]]])
    >>> torch.nn.grad.conv1d_weight(x, (1, 1, 2), torch.ones(1, 1, 2))
    tensor([[[3., 5.]]])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv1d, 1, [input, weight_size], grad_output, *how)


def conv2d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` with respect to its input, of size `input_size`.

    >>> import rushlight as torch
    >>> weight, grad_output = torch.ones(1, 1, 2, 2), torch.ones(1, 1, 1, 2)
    >>> torch.nn.grad.conv2d_input((1, 1, 2, 3), weight, grad_output)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv2d, 0, [input_size, weight], grad_output, *how)


def conv2d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` with respect to its weight, of size `weight_size`.

    >>> import rushlight as torch
    >>> torch.nn.grad.conv2d_weight(torch.ones(1, 1, 3, 3), (1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv2d, 1, [input, weight_size], grad_output, *how)


def conv3d_input(
    input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` with respect to its input, of size `input_size`.

    >>> import rushlight as torch
    >>> size = (1, 1, 3, 3, 3)
    >>> torch.nn.grad.conv3d_input(size, torch.ones(1, 1, 2, 2, 2), torch.ones(1, 1, 2, 2, 2)).shape
    torch.Size([1, 1, 3, 3, 3])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv3d, 0, [input_size, weight], grad_output, *how)


def conv3d_weight(
    input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv3d` with respect to its weight, of size `weight_size`.

    >>> import rushlight as torch
    >>> x, grad = torch.ones(1, 1, 3, 3, 3), torch.ones(1, 1, 2, 2, 2)
    >>> torch.nn.grad.conv3d_weight(x, (1, 1, 2, 2, 2), grad).shape
    torch.Size([1, 1, 2, 2, 2])
    """
    how = (stride, padding, dilation, groups)
    return _gradient(F.conv3d, 1, [input, weight_size], grad_output, *how)
