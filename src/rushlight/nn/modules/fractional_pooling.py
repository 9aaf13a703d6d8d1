"""Pooling by windows of random places (Graham, arXiv 1412.6071)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .utils import ntuple


class _FractionalMaxPool(Module):
    """What it is, whatever the dimensions of its input."""

    _pool: ClassVar[Callable[..., Any]]
    _dimensions: ClassVar[int]
    _random_samples: Tensor | None

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if output_size is None and output_ratio is None:
            raise ValueError(
                f"{name} requires specifying either an output size, or a pooling ratio"
            )
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if any(size <= 0 for size in ntuple(kernel_size, self._dimensions)):
            raise ValueError(f"kernel_size must greater than zero, but got {kernel_size}")
        self.kernel_size = ntuple(kernel_size, self._dimensions)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = self.output_ratio = None
        if output_size is not None:
            self.output_size = ntuple(output_size, self._dimensions)
        else:
            self.output_ratio = ntuple(output_ratio, self._dimensions)
            if not all(0 < ratio < 1 for ratio in self.output_ratio):
                raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        return self._pool(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """y = the maxima of windows whose places are random.

    Shapes: x (N, C, H, W) or (C, H, W), y (N, C, H', W') of sizes `output_size`, or `output_ratio`
    (between 0 and 1) times those of x: one of both. `return_indices` as in `MaxPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.FractionalMaxPool2d(3, output_size=(5, 4))(torch.ones(2, 16, 12, 10)).shape
    torch.Size([2, 16, 5, 4])
    """

    _pool = staticmethod(F.fractional_max_pool2d)
    _dimensions = 2


class FractionalMaxPool3d(_FractionalMaxPool):
    """y = the maxima of windows whose places are random.

    Shapes: x (N, C, D, H, W) or (C, D, H, W), y (N, C, D', H', W') of sizes as in
    `FractionalMaxPool2d`.

    >>> import rushlight as torch
    >>> torch.nn.FractionalMaxPool3d(2, output_ratio=0.5)(torch.ones(1, 3, 8, 8, 8)).shape
    torch.Size([1, 3, 4, 4, 4])
    """

    _pool = staticmethod(F.fractional_max_pool3d)
    _dimensions = 3
