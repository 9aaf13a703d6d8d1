"""Batch normalisation in evaluation, made part of the layer before it."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from ...ops.creation import ones_like, zeros_like
from ...tensor import Tensor
from ..parameter import Parameter

Layer = TypeVar("Layer", bound=Any)


def fuse_conv_bn_eval(conv: Layer, bn: Any, transpose: bool = False) -> Layer:
    """A copy of a convolution that computes what `bn(conv(x))` does, both in evaluation.

    `transpose` says that it is a transposed one.

    >>> import rushlight as torch
    >>> conv, bn = torch.nn.Conv2d(3, 4, 3).eval(), torch.nn.BatchNorm2d(4).eval()
    >>> fused = torch.nn.utils.fuse_conv_bn_eval(conv, bn)
    >>> x = torch.randn(2, 3, 8, 8)
    >>> torch.allclose(fused(x), bn(conv(x)), atol=1e-6)
    True
    """
    fused = _copied("fuse_conv_bn_eval", conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of `fuse_conv_bn_eval`.

    >>> import rushlight as torch
    >>> weight, zeros, ones = torch.ones(1, 1, 1), torch.zeros(1), torch.ones(1)
    >>> weight, bias = torch.nn.utils.fuse_conv_bn_weights(
    ...     weight, None, 3 * ones, 4 * ones, 0.0, ones, zeros)
    >>> weight.data, bias.data  # (x - 3) / 2
    (tensor([[[0.5000]]]), tensor([-1.5000]))
    """
    scale = (ones_like(bn_rm) if bn_w is None else bn_w) * (bn_rv + bn_eps).rsqrt()
    ones = [1] * (conv_w.dim() - 2)
    weight = conv_w * scale.reshape([1, -1, *ones] if transpose else [-1, 1, *ones])
    return _parameters(weight, conv_w, conv_b, bn_rm, scale, bn_b)


def fuse_linear_bn_eval(linear: Layer, bn: Any) -> Layer:
    """A copy of a `Linear` that computes what `bn(linear(x))` does, both in evaluation.

    >>> import rushlight as torch
    >>> linear, bn = torch.nn.Linear(3, 2).eval(), torch.nn.BatchNorm1d(2).eval()
    >>> fused, x = torch.nn.utils.fuse_linear_bn_eval(linear, bn), torch.randn(4, 3)
    >>> torch.allclose(fused(x), bn(linear(x)), atol=1e-6)
    True
    """
    if bn.num_features not in (1, linear.out_features):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    fused = _copied("fuse_linear_bn_eval", linear, bn)
    fused.weight, fused.bias = fuse_linear_bn_weights(
        linear.weight, linear.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor, bn_b: Tensor,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of `fuse_linear_bn_eval`.

    >>> import rushlight as torch
    >>> weight, zeros, ones = torch.ones(1, 1), torch.zeros(1), torch.ones(1)
    >>> weight, bias = torch.nn.utils.fuse_linear_bn_weights(
    ...     weight, None, 3 * ones, 4 * ones, 0.0, ones, zeros)
    >>> weight.data, bias.data  # (x - 3) / 2
    (tensor([[0.5000]]), tensor([-1.5000]))
    """
    scale = bn_w * (bn_rv + bn_eps).rsqrt()
    return _parameters(linear_w * scale.unsqueeze(-1), linear_w, linear_b, bn_rm, scale, bn_b)


def _copied(name: str, layer: Layer, bn: Any) -> Layer:
    if layer.training or bn.training:
        raise AssertionError(f"{name}: Fusion only for eval! Call .eval() on both layers first")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError(f"{name}: bn.running_mean and bn.running_var must not be None")
    return copy.deepcopy(layer)


def _parameters(
    weight: Tensor, old: Tensor, old_bias: Tensor | None, mean: Tensor, scale: Tensor,
    shift: Tensor | None,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    before = zeros_like(mean) if old_bias is None else old_bias
    bias = (before - mean) * scale + (zeros_like(mean) if shift is None else shift)
    dtype = old.dtype if old_bias is None else old_bias.dtype
    return (
        Parameter(weight.detach().to(old.dtype), old.requires_grad),
        Parameter(bias.detach().to(dtype), before.requires_grad),
    )
