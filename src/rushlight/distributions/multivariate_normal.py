"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import Size, Tensor

from . import constraints
from .distribution import Distribution
from .utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]


def _batch_mv(matrix: Tensor, vector: Tensor) -> Tensor:
    """Products of batches of matrices and vectors."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(tril: Tensor, vector: Tensor) -> Tensor:
    """v^T (L L^T)^-1 v, of batches."""
    shape = torch.broadcast_shapes(tril.shape[:-1], vector.shape)
    column = vector.expand(shape).unsqueeze(-1)
    tril = tril.expand((*shape, tril.shape[-1]))
    return torch.linalg.solve_triangular(tril, column, upper=False).squeeze(-1).pow(2).sum(-1)


def _half_log_det(tril: Tensor) -> Tensor:
    """Half of log det(L L^T)."""
    return tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _precision_to_scale_tril(precision: Tensor) -> Tensor:
    """The lower Cholesky factor of a precision's inverse."""
    flipped = torch.linalg.cholesky(precision.flip((-2, -1)))
    inverse = flipped.flip((-2, -1)).transpose(-2, -1)
    identity = torch.eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return torch.linalg.solve_triangular(inverse, identity, upper=False)


class OfMatrix(Distribution):
    """What has a matrix by its `covariance_matrix`, `precision_matrix` or `scale_tril`, as it was
    given; the others are computed on demand."""

    _kept = ("_unbroadcasted_scale_tril",)
    _unbroadcasted_scale_tril: Tensor

    def _set_matrix(self, batch_shape: Any, **given: Any) -> None:
        (name, matrix), = [(n, m) for n, m in given.items() if m is not None]
        self.__dict__[name] = matrix.expand((*batch_shape, -1, -1))
        if name == "covariance_matrix":
            matrix = torch.linalg.cholesky(matrix)
        elif name == "precision_matrix":
            matrix = _precision_to_scale_tril(matrix)
        self._unbroadcasted_scale_tril = matrix

    def _expanded(self, matrix: Tensor) -> Tensor:
        return matrix.expand(self._batch_shape + matrix.shape[-2:])

    @lazy_property
    def scale_tril(self) -> Tensor:
        return self._expanded(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        tril = self._unbroadcasted_scale_tril
        return self._expanded(tril @ tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        tril = self._unbroadcasted_scale_tril
        identity = torch.eye(tril.shape[-1], dtype=tril.dtype, device=tril.device)
        return self._expanded(torch.cholesky_solve(identity.expand(tril.shape), tril))


class MultivariateNormal(OfMatrix):
    """Of mean `loc` and a matrix: its covariance, precision, or lower Cholesky factor.

    >>> import rushlight as torch
    >>> d = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
    >>> d.log_prob(torch.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector, "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite, "scale_tril": constraints.lower_cholesky,
    }  # fmt: skip
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc: Tensor, covariance_matrix: Tensor | None = None,
                 precision_matrix: Tensor | None = None, scale_tril: Tensor | None = None,
                 validate_args: bool | None = None) -> None:  # fmt: skip
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            "covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }  # fmt: skip
        named = [(name, matrix) for name, matrix in given.items() if matrix is not None]
        if len(named) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        ((name, matrix),) = named
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} matrix must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        batch_shape = Size(torch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1]))
        self.loc = loc.expand((*batch_shape, -1))
        if validate_args or validate_args is None and self._validate_args:
            self._check_matrix(name, matrix)
        self._set_matrix(batch_shape, **given)
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args)

    def _check_matrix(self, name: str, matrix: Tensor) -> None:
        """Before its factorisation would fail with an error of its own."""
        constraint = self.arg_constraints[name]
        if not constraint.check(matrix).all():
            raise ValueError(
                f"Expected parameter {name} (Tensor of shape {tuple(matrix.shape)}) of "
                f"distribution {type(self).__name__} to satisfy the constraint {constraint!r}, but "
                f"found invalid values:\n{matrix}"
            )

    mean = mode = property(lambda self: self.loc)

    @property
    def variance(self) -> Tensor:
        squares = self._unbroadcasted_scale_tril.pow(2).sum(-1)
        return squares.expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = _standard_normal(shape, self.loc.dtype, self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Tensor) -> Tensor:
        tril = self._unbroadcasted_scale_tril
        distance = _batch_mahalanobis(tril, self._checked(value) - self.loc)
        n = self._event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + distance) - _half_log_det(tril)

    def entropy(self) -> Tensor:
        n = self._event_shape[0]
        entropy = 0.5 * n * (1.0 + math.log(2 * math.pi))
        return (entropy + _half_log_det(self._unbroadcasted_scale_tril)).expand(self._batch_shape)
