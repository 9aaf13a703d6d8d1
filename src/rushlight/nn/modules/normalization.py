"""Normalisation of each example by itself."""

from __future__ import annotations

import warnings
from typing import Any

from ...errors import InvalidValueError
from ...ops.creation import empty
from ...tensor import Tensor
from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import Parameter
from .batchnorm import _NormBase, wrong_dimensions


class _Scaled(Module):
    """What has a scale that starts as 1, and perhaps a shift that starts as 0."""

    weight: Parameter | None
    bias: Parameter | None

    def _make(self, shape: Any, scaled: bool, shifted: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", scaled), ("bias", shifted)):
            value = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, value)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0.

        >>> import rushlight as torch
        >>> layer = torch.nn.LayerNorm(2)
        >>> layer.reset_parameters()
        >>> layer.weight.data, layer.bias.data
        (tensor([1., 1.]), tensor([0., 0.]))
        """
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class LayerNorm(_Scaled):
    """y = (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions.

    `normalized_shape` is their sizes, or the size of the last one (Ba et al., arXiv 1607.06450).

    >>> import rushlight as torch
    >>> torch.nn.LayerNorm(2)(torch.tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]], grad_fn=<NativeLayerNormBackward0>)
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _sizes(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        affine = elementwise_affine
        self._make(self.normalized_shape, affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """y = x / sqrt(mean(x^2) + eps) * weight over the last dimensions (arXiv 1910.07467).

    >>> import rushlight as torch
    >>> torch.nn.RMSNorm(2)(torch.tensor([[3.0, 3.0]])).tolist()
    [[1.0, 1.0]]
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _sizes(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = empty(self.normalized_shape, device=device, dtype=dtype)
        self.register_parameter("weight", Parameter(weight) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1.

        >>> import rushlight as torch
        >>> layer = torch.nn.RMSNorm(2)
        >>> layer.reset_parameters()
        >>> layer.weight.data
        tensor([1., 1.])
        """
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Scaled):
    """y = (x - mean) / sqrt(var + eps) * weight + bias over groups of channels (arXiv 1803.08494).

    x is (N, C, ...), C being `num_channels`, in `num_groups` groups; weight and bias are (C).

    >>> import rushlight as torch
    >>> torch.nn.GroupNorm(3, 6)(torch.randn(20, 6, 10, 10)).shape
    torch.Size([20, 6, 10, 10])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_groups <= 0 or num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make(num_channels, affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """y = x / (k + alpha * mean)^beta, the mean of x^2 over `size` channels around each.

    >>> import rushlight as torch
    >>> torch.nn.LocalResponseNorm(2)(torch.randn(32, 5, 24, 24)).shape
    torch.Size([32, 5, 24, 24])
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """`LocalResponseNorm` of images, under the name of PyTorch's predecessor.

    Unlike PyTorch's, it counts the first channel where it is near, and not in every later sum.

    >>> import rushlight as torch
    >>> layer = torch.nn.CrossMapLRN2d(3, alpha=3.0, beta=1.0)
    >>> layer(torch.ones(1, 3, 1, 1)).ravel()
    tensor([0.3333, 0.2500, 0.3333])
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1
    ) -> None:
        super().__init__(size, alpha, beta, k)


class _InstanceNorm(_NormBase):
    """What instance normalisation is, whatever the dimensions of its input."""

    _spatial: int

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (self._spatial + 1, self._spatial + 2):
            dimensions = self._spatial + 1
            raise wrong_dimensions(f"{dimensions}D or {dimensions + 1}D", dimensions, input)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        channels = input.shape[input.ndim - self._spatial - 1]
        if channels != self.num_features:
            dim = input.ndim - self._spatial - 1
            if self.affine:
                raise InvalidValueError(
                    f"expected input's size at dim={dim} to match num_features "
                    f"({self.num_features}), but got: {channels}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=3,
            )
        batched = input.ndim == self._spatial + 2
        result = F.instance_norm(
            input if batched else input.unsqueeze(0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result if batched else result.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, per channel of each (C, L) of (N, C, L).

    The statistics are each example's own; with `track_running_stats` evaluation uses the running
    ones (Ulyanov et al., arXiv 1607.08022).

    >>> import rushlight as torch
    >>> torch.nn.InstanceNorm1d(1)(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """

    _spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` of (N, C, H, W) or (C, H, W).

    >>> import rushlight as torch
    >>> layer = torch.nn.InstanceNorm2d(2)
    >>> layer(torch.randn(1, 2, 4, 4)).shape
    torch.Size([1, 2, 4, 4])
    """

    _spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` of (N, C, D, H, W) or (C, D, H, W).

    >>> import rushlight as torch
    >>> layer = torch.nn.InstanceNorm3d(2)
    >>> layer(torch.randn(1, 2, 4, 4, 4)).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    _spatial = 3


def _sizes(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)
