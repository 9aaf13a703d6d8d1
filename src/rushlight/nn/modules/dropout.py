"""Dropout (Hinton et al., arXiv 1207.0580)."""

from __future__ import annotations

from ...tensor import Tensor
from .. import functional as F
from ..module import Module


class _DropoutNd(Module):
    """What dropouts have in common: a probability."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training, zeroes each value with probability p and divides the others by 1 - p.

    >>> import rushlight as torch
    >>> layer = torch.nn.Dropout(0.2)
    >>> layer.eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training, zeroes whole channels of (N, C, L) or (C, L); see `Dropout`.

    >>> import rushlight as torch
    >>> torch.nn.Dropout1d(0.2).eval()(torch.tensor([[1.0, 2.0]]))
    tensor([[1., 2.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training, zeroes whole channels of (N, C, H, W); see `Dropout`.

    >>> import rushlight as torch
    >>> x = torch.nn.Dropout2d(0.5)(torch.ones(2, 8, 3, 3))
    >>> (x == x[..., :1, :1]).all()
    tensor(True)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training, zeroes whole channels of (N, C, D, H, W) or (C, D, H, W); see `Dropout`.

    >>> import rushlight as torch
    >>> x = torch.nn.Dropout3d(0.5)(torch.ones(2, 8, 3, 3, 3))
    >>> (x == x[..., :1, :1, :1]).all()
    tensor(True)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training, sets values to the limit of `SELU`; mean and variance stay; see `Dropout`.

    >>> import rushlight as torch
    >>> torch.nn.AlphaDropout(0.5).eval()(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels, dimension 1; see `Dropout`.

    >>> import rushlight as torch
    >>> x = torch.nn.FeatureAlphaDropout(0.5)(torch.ones(2, 8, 3))
    >>> (x == x[..., :1]).all()
    tensor(True)
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
