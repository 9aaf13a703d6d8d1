"""Pooling by powers: each window becomes the p-norm of its values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...tensor import Tensor
from .. import functional as F
from ..module import Module


class _LPPoolNd(Module):
    """What pooling by powers is, whatever the dimensions of its input."""

    _pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return self._pool(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """y = sum(x^p)^(1/p) of each window of x, for p = `norm_type`.

    Shapes: x (N, C, L) or (C, L), y (N, C, L'); windows as those of `AvgPool1d`.

    >>> import rushlight as torch
    >>> torch.nn.LPPool1d(2, 2)(torch.tensor([[3.0, 4.0, 6.0, 8.0]]))
    tensor([[ 5., 10.]])
    """

    _pool = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPoolNd):
    """y = sum(x^p)^(1/p) of each window of x, for p = `norm_type`.

    Shapes: x (N, C, H, W) or (C, H, W), y (N, C, H', W'); windows as those of `AvgPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.LPPool2d(2, 2)(torch.ones(1, 1, 2, 4))
    tensor([[[[2., 2.]]]])
    """

    _pool = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPoolNd):
    """y = sum(x^p)^(1/p) of each window of x, for p = `norm_type`.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), y (N, C, D', H', W'); windows as of `AvgPool3d`.

    >>> import rushlight as torch
    >>> torch.nn.LPPool3d(1, 2)(torch.ones(1, 1, 2, 2, 4))
    tensor([[[[[8., 8.]]]]])
    """

    _pool = staticmethod(F.lp_pool3d)
