"""Padding: values put around the last dimensions of an input."""

from __future__ import annotations

from typing import Any, ClassVar

from ...tensor import Tensor
from .. import functional as F
from ..module import Module
from .utils import ntuple


class _Pad(Module):
    """What paddings have in common: two widths for each dimension, the last dimension's first."""

    _dimensions: ClassVar[int]
    _mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._dimensions)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Puts `value` around the last dimension: `padding` values, or (left, right).

    Shapes: x (N, C, L) or (C, L). Negative widths cut off.

    >>> import rushlight as torch
    >>> torch.nn.ConstantPad1d((2, 1), 7.0)(torch.tensor([[1.0, 2.0]]))
    tensor([[7., 7., 1., 2., 7.]])
    """

    _dimensions = 1


class ConstantPad2d(_ConstantPadNd):
    """Puts `value` around images: `padding` values, or (left, right, top, bottom).

    Shapes: x (N, C, H, W) or (C, H, W). Negative widths cut off.

    >>> import rushlight as torch
    >>> torch.nn.ConstantPad2d((0, 1, 1, 0), 7.0)(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[7., 7., 7.],
             [1., 2., 7.]]])
    """

    _dimensions = 2


class ConstantPad3d(_ConstantPadNd):
    """Puts `value` around volumes: `padding` values, or (left, right, top, bottom, front, back).

    Shapes: x (N, C, D, H, W) or (C, D, H, W). Negative widths cut off.

    >>> import rushlight as torch
    >>> torch.nn.ConstantPad3d(1, 0.5)(torch.ones(2, 3, 4, 5)).shape
    torch.Size([2, 5, 6, 7])
    """

    _dimensions = 3


class _ZeroPad(_ConstantPadNd):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """`ConstantPad1d` with zeros.

    >>> import rushlight as torch
    >>> torch.nn.ZeroPad1d(1)(torch.tensor([[1.0, 2.0]]))
    tensor([[0., 1., 2., 0.]])
    """


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """`ConstantPad2d` with zeros.

    >>> import rushlight as torch
    >>> torch.nn.ZeroPad2d((0, 1, 1, 0))(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[0., 0., 0.],
             [1., 2., 0.]]])
    """


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """`ConstantPad3d` with zeros.

    >>> import rushlight as torch
    >>> torch.nn.ZeroPad3d(1)(torch.ones(2, 3, 4, 5)).shape
    torch.Size([2, 5, 6, 7])
    """


class _ReflectionPadNd(_Pad):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Puts mirrored values around the last dimension, without those at the edges themselves.

    Shapes: x (N, C, L) or (C, L); `padding`, or (left, right), less than L.

    >>> import rushlight as torch
    >>> torch.nn.ReflectionPad1d(2)(torch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    _dimensions = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Puts mirrored values around images, as `ReflectionPad1d`; widths as in `ConstantPad2d`.

    >>> import rushlight as torch
    >>> torch.nn.ReflectionPad2d((1, 0, 0, 0))(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[2., 1., 2.]]])
    """

    _dimensions = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Puts mirrored values around volumes, as `ReflectionPad1d`; widths as in `ConstantPad3d`.

    >>> import rushlight as torch
    >>> torch.nn.ReflectionPad3d(1)(torch.ones(2, 3, 4, 5)).shape
    torch.Size([2, 5, 6, 7])
    """

    _dimensions = 3


class _ReplicationPadNd(_Pad):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the values at the edges of the last dimension: `padding` times, or (left, right).

    Shapes: x (N, C, L) or (C, L).

    >>> import rushlight as torch
    >>> torch.nn.ReplicationPad1d((2, 1))(torch.tensor([[1.0, 2.0]]))
    tensor([[1., 1., 1., 2., 2.]])
    """

    _dimensions = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the values at the edges of images; widths as in `ConstantPad2d`.

    >>> import rushlight as torch
    >>> torch.nn.ReplicationPad2d((0, 1, 1, 0))(torch.tensor([[[1.0, 2.0]]]))
    tensor([[[1., 2., 2.],
             [1., 2., 2.]]])
    """

    _dimensions = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the values at the edges of volumes; widths as in `ConstantPad3d`.

    >>> import rushlight as torch
    >>> torch.nn.ReplicationPad3d(1)(torch.ones(2, 3, 4, 5)).shape
    torch.Size([2, 5, 6, 7])
    """

    _dimensions = 3


class _CircularPadNd(_Pad):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        wanted = self._dimensions
        if input.dim() not in (wanted + 1, wanted + 2):
            raise ValueError(
                f"expected {wanted + 1}D or {wanted + 2}D input (got {input.dim()}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """Puts values from the other end around the last dimension, which goes on as a circle.

    Shapes: x (N, C, L) or (C, L); `padding`, or (left, right), at most L.

    >>> import rushlight as torch
    >>> torch.nn.CircularPad1d((2, 1))(torch.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 3., 1., 2., 3., 1.]])
    """

    _dimensions = 1


class CircularPad2d(_CircularPadNd):
    """Puts values from the other side around images; widths as in `ConstantPad2d`.

    >>> import rushlight as torch
    >>> torch.nn.CircularPad2d((1, 0, 0, 0))(torch.tensor([[[1.0, 2.0, 3.0]]]))
    tensor([[[3., 1., 2., 3.]]])
    """

    _dimensions = 2


class CircularPad3d(_CircularPadNd):
    """Puts values from the other side around volumes; widths as in `ConstantPad3d`.

    >>> import rushlight as torch
    >>> torch.nn.CircularPad3d(1)(torch.ones(2, 3, 4, 5)).shape
    torch.Size([2, 5, 6, 7])
    """

    _dimensions = 3
