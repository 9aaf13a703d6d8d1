"""The LKJ distribution of correlation matrices, by their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import Tensor

from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors L of `dim` x `dim` correlation matrices of density proportional to
    det(L L^T) ** (concentration - 1) (Lewandowski, Kurowicka and Joe 2009; the onion method).

    >>> import rushlight as torch
    >>> L = torch.distributions.LKJCholesky(3, 1.0).sample()
    >>> (L @ L.T).diagonal().round()
    tensor([1., 1., 1.])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        a = self.concentration
        row = torch.arange(dim - 1, dtype=a.dtype, device=a.device)
        row = torch.cat([row.new_zeros((1,)), row])
        self._beta = Beta(row + 0.5, (a + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * row)
        super().__init__(a.shape, (dim, dim), validate_args)

    @torch.no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        squares = self._beta.sample(sample_shape).unsqueeze(-1)
        shape = self._extended_shape(sample_shape)
        normal = torch.randn(shape, dtype=squares.dtype, device=squares.device).tril(-1)
        length = normal.pow(2).sum(-1, keepdim=True).sqrt()
        direction = normal / torch.where(length == 0, 1.0, length)  # the first row is empty
        lower = squares.sqrt() * direction
        left = (1 - lower.pow(2).sum(-1)).clamp(min=torch.finfo(lower.dtype).tiny)
        return lower + left.sqrt().diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        a, rest = self.concentration, self.dim - 1
        diagonal = self._checked(value).diagonal(dim1=-2, dim2=-1)[..., 1:]
        row = torch.arange(2, self.dim + 1, device=a.device)
        order = 2 * (a - 1).unsqueeze(-1) + self.dim - row
        alpha = a + 0.5 * rest
        normalizer = 0.5 * rest * math.log(math.pi) + (alpha - 0.5).mvlgamma(rest)
        return (order * diagonal.log()).sum(-1) - (normalizer - alpha.lgamma() * rest)
