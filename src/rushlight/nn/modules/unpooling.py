"""Maximum pooling undone: maxima go back to their places, the rest is zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .utils import ntuple


class _MaxUnpoolNd(Module):
    """What it is, whatever the dimensions of its input."""

    _unpool: ClassVar[Callable[..., Tensor]]
    _dimensions: ClassVar[int]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self._dimensions)
        self.stride = ntuple(kernel_size if stride is None else stride, self._dimensions)
        self.padding = ntuple(padding, self._dimensions)

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return self._unpool(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Undoes `MaxPool1d(..., return_indices=True)`; arguments as in `MaxUnpool2d`.

    >>> import rushlight as torch
    >>> pool = torch.nn.MaxPool1d(2, return_indices=True)
    >>> torch.nn.MaxUnpool1d(2)(*pool(torch.tensor([[1.0, 3.0, 4.0, 2.0]])))
    tensor([[0., 3., 4., 0.]])
    """

    _unpool = staticmethod(F.max_unpool1d)
    _dimensions = 1


class MaxUnpool2d(_MaxUnpoolNd):
    """Undoes `MaxPool2d(..., return_indices=True)`.

    Called with the pool's two results, and with the size of the pool's input where several would
    have led to the same: H = (H' - 1) stride - 2 padding + kernel_size is taken if none is given.

    >>> import rushlight as torch
    >>> pool = torch.nn.MaxPool2d(2, return_indices=True)
    >>> torch.nn.MaxUnpool2d(2)(*pool(torch.tensor([[[1.0, 3.0], [4.0, 2.0]]])))
    tensor([[[0., 0.],
             [4., 0.]]])
    """

    _unpool = staticmethod(F.max_unpool2d)
    _dimensions = 2


class MaxUnpool3d(_MaxUnpoolNd):
    """Undoes `MaxPool3d(..., return_indices=True)`; arguments as in `MaxUnpool2d`.

    >>> import rushlight as torch
    >>> pool = torch.nn.MaxPool3d(2, return_indices=True)
    >>> torch.nn.MaxUnpool3d(2)(*pool(torch.ones(1, 2, 4, 4, 4))).shape
    torch.Size([1, 2, 4, 4, 4])
    """

    _unpool = staticmethod(F.max_unpool3d)
    _dimensions = 3
