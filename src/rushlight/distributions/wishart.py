"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from math import nan
from typing import Any

import rushlight as torch
from rushlight import Size, Tensor

from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import OfMatrix, _half_log_det

__all__ = ["Wishart"]



class Wishart(OfMatrix, ExponentialFamily):
    """Sums of `df` outer products of normal vectors, of mean 0 and one covariance, precision or
    lower Cholesky factor.

    Samples are Bartlett's decomposition; those that are singular are drawn anew.

    >>> import rushlight as torch
    >>> torch.distributions.Wishart(torch.tensor(3.0), torch.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    @property
    def arg_constraints(self) -> dict[str, Any]:  # type: ignore[override]
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def __init__(self, df: Any, covariance_matrix: Tensor | None = None,
                 precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        given = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }  # fmt: skip
        matrices = [matrix for matrix in given.values() if matrix is not None]
        if len(matrices) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        (matrix,) = matrices
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if not isinstance(df, Tensor):
            df = torch.tensor(df, dtype=matrix.dtype, device=matrix.device)
        batch_shape = Size(torch.broadcast_shapes(matrix.shape[:-2], df.shape))
        self.df = df.expand(batch_shape)
        p = matrix.shape[-1]
        if (self.df <= p - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {p - 1}.")
        if (self.df < p).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        self._set_matrix(batch_shape, **given)
        super().__init__(batch_shape, matrix.shape[-2:], validate_args)
        places = torch.arange(p, dtype=matrix.dtype, device=matrix.device)
        self._dist_chi2 = Chi2(self.df.unsqueeze(-1) - places)

    def _df(self) -> Tensor:
        return self.df.view((*self._batch_shape, 1, 1))

    mean = property(lambda self: self._df() * self.covariance_matrix)

    @property
    def mode(self) -> Tensor:
        factor = self._df() - self._event_shape[-1] - 1
        return torch.where(factor > 0, factor, nan) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        v = self.covariance_matrix
        diagonal = v.diagonal(dim1=-2, dim2=-1)
        return self._df() * (v**2 + diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2))

    def _bartlett_sampling(self, sample_shape: Any) -> Tensor:
        p = self._event_shape[-1]
        roots = self._dist_chi2.rsample(sample_shape).sqrt()
        roots = roots.clamp(min=torch.finfo(roots.dtype).eps)
        below = torch.randn(
            (*sample_shape, *self._batch_shape, p * (p - 1) // 2),
            dtype=roots.dtype, device=roots.device,
        )  # fmt: skip
        noise = roots.diag_embed()
        rows, columns = torch.tril_indices(p, p, offset=-1)
        noise[..., rows, columns] = below
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Tensor:
        """`max_try_correction` is how often singular samples are drawn anew, 10 times if None."""
        tries = 10 if max_try_correction is None else max_try_correction
        sample_shape = Size(sample_shape)
        # PyTorch draws good samples a second time, taking them for the singular ones. The first
        # draw is thrown away here, too, so that the streams agree.
        self._bartlett_sampling(sample_shape)
        sample = self._bartlett_sampling(sample_shape)
        for _ in range(tries):
            singular = ~self.support.check(sample.detach())
            if not singular.any():
                break
            warnings.warn("Singular sample detected.", stacklevel=2)
            fresh = self._bartlett_sampling(sample_shape)
            sample = torch.where(singular[..., None, None], fresh, sample)
        return sample

    def log_prob(self, value: Tensor) -> Tensor:
        value, tril = self._checked(value), self._unbroadcasted_scale_tril
        p = self._event_shape[-1]
        shape = torch.broadcast_shapes(value.shape, tril.shape)
        solved = torch.cholesky_solve(value.expand(shape), tril.expand(shape))
        trace = solved.diagonal(dim1=-2, dim2=-1).sum(-1)
        log_det = torch.linalg.slogdet(value)[1]
        normalizer = self.df * (p * math.log(2) / 2 + _half_log_det(tril))
        normalizer = normalizer + (self.df / 2).mvlgamma(p)
        return (self.df - p - 1) / 2 * log_det - trace / 2 - normalizer

    def entropy(self) -> Tensor:
        p, df = self._event_shape[-1], self.df
        half_log_det = _half_log_det(self._unbroadcasted_scale_tril)
        places = torch.arange(p, dtype=df.dtype, device=df.device) / 2
        digamma = ((df / 2).unsqueeze(-1) - places).digamma().sum(-1)
        return (
            (p + 1) * (p * math.log(2) / 2 + half_log_det) + (df / 2).mvlgamma(p)
            - (df - p - 1) / 2 * digamma + df * p / 2
        )  # fmt: skip

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        p = self._event_shape[-1]
        half_df = y + (p + 1) / 2
        log_det = torch.linalg.slogdet(-2 * x)[1]
        return half_df * (p * math.log(2) - log_det) + half_df.mvlgamma(p)
