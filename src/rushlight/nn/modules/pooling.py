"""Pooling: each window becomes its maximum or its mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .utils import ntuple


class _MaxPoolNd(Module):
    """What maximum pooling is, whatever the dimensions of its input."""

    _pool: ClassVar[Callable[..., Any]]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """y = the maximum of each window of x.

    Shapes: x (N, C, L) or (C, L), y (N, C, L') with L' as in `MaxPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.MaxPool1d(2)(torch.tensor([[1.0, 3.0, 4.0, 2.0]]))
    tensor([[3., 4.]])
    """

    _pool = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPoolNd):
    """y = the maximum of each window of x.

    Shapes: x (N, C, H, W), y (N, C, H', W') with H' = (H + 2 padding - dilation (kernel_size - 1)
    - 1) // stride + 1, rounded up with `ceil_mode`. `stride` is the kernel's size if not given.
    With `return_indices` the result is (y, the maxima's places in H x W), for `MaxUnpool2d`.

    >>> import rushlight as torch
    >>> torch.nn.MaxPool2d(2)(torch.arange(16.0).reshape(1, 1, 4, 4))
    tensor([[[[ 5.,  7.],
              [13., 15.]]]])
    """

    _pool = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPoolNd):
    """y = the maximum of each window of x.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), y (N, C, D', H', W') with sizes as in `MaxPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.MaxPool3d(2)(torch.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 3, 4])
    """

    _pool = staticmethod(F.max_pool3d)


class _AvgPoolNd(Module):
    """What pooling by means is, whatever the dimensions of its input."""

    kernel_size: Any
    stride: Any
    padding: Any

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPoolNd):
    """y = the mean of each window of x.

    Shapes: x (N, C, L) or (C, L), y (N, C, L') with L' as in `AvgPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.AvgPool1d(2)(torch.tensor([[1.0, 3.0, 4.0, 2.0]]))
    tensor([[2., 3.]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(kernel_size if stride is None else stride, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class _DivisorAvgPool(_AvgPoolNd):
    """Means of images and volumes, whose divisor can be chosen."""

    _pool: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return self._pool(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_DivisorAvgPool):
    """y = the mean of each window of x.

    Shapes: x (N, C, H, W), y (N, C, H', W') with H' = (H + 2 padding - kernel_size) // stride + 1,
    rounded up with `ceil_mode`. The border's zeros count unless `count_include_pad` is False;
    `divisor_override` replaces the number of values in the mean.

    >>> import rushlight as torch
    >>> torch.nn.AvgPool2d(2)(torch.arange(16.0).reshape(1, 1, 4, 4))
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """

    _pool = staticmethod(F.avg_pool2d)


class AvgPool3d(_DivisorAvgPool):
    """y = the mean of each window of x.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), y (N, C, D', H', W') with sizes as in `AvgPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.AvgPool3d(2)(torch.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 3, 4])
    """

    _pool = staticmethod(F.avg_pool3d)


class _AdaptivePool(Module):
    """As many windows as `output_size` asks for."""

    _pool: ClassVar[Callable[..., Any]]

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class _AdaptiveAvgPoolNd(_AdaptivePool):
    """The means of such windows."""


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """y = the means of `output_size` windows, chosen as in `AdaptiveAvgPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveAvgPool1d(2)(torch.tensor([[1.0, 3.0, 4.0, 2.0]]))
    tensor([[2., 3.]])
    """

    _pool = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """y = the means of as many windows as `output_size` (H', W') asks for; None keeps a size.

    Row i of y covers the rows of x from floor(i H / H') to ceil((i + 1) H / H').

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveAvgPool2d(1)(torch.ones(8, 64, 5, 7)).shape
    torch.Size([8, 64, 1, 1])
    """

    _pool = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """y = the means of `output_size` (D', H', W') windows, chosen as in `AdaptiveAvgPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveAvgPool3d((None, 2, 1))(torch.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 4, 2, 1])
    """

    _pool = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPoolNd(_AdaptivePool):
    """The maxima of such windows, and their places if they are asked for."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return self._pool(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """y = the maxima of `output_size` windows, chosen as in `AdaptiveAvgPool2d`.

    With `return_indices` the result is (y, the maxima's places).

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveMaxPool1d(2)(torch.tensor([[1.0, 3.0, 4.0, 2.0]]))
    tensor([[3., 4.]])
    """

    _pool = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """y = the maxima of `output_size` (H', W') windows, chosen as in `AdaptiveAvgPool2d`.

    With `return_indices` the result is (y, the maxima's places in H x W).

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveMaxPool2d((3, None))(torch.ones(8, 64, 5, 7)).shape
    torch.Size([8, 64, 3, 7])
    """

    _pool = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """y = the maxima of `output_size` (D', H', W') windows, chosen as in `AdaptiveAvgPool2d`.

    With `return_indices` the result is (y, the maxima's places in D x H x W).

    >>> import rushlight as torch
    >>> torch.nn.AdaptiveMaxPool3d(2)(torch.ones(1, 3, 4, 6, 8)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _pool = staticmethod(F.adaptive_max_pool3d)
