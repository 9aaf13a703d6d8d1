"""Transforms of vectors and matrices, of slices, and by a distribution's own function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import rushlight as torch
from rushlight import Size, Tensor
from rushlight.nn import functional as F

from . import constraints
from .elementwise_transforms import clipped_sigmoid
from .transforms import Transform
from .utils import _sum_rightmost, tril_matrix_to_vec, vec_to_tril_matrix


class _OfOneKind(Transform):
    """Two of one class are equal."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)


def _needs(dims: int, shape: Any) -> None:
    if len(shape) < dims:
        raise ValueError("Too few dimensions on input")


class ReshapeTransform(Transform):
    """Events of one shape as events of another.

    >>> import rushlight as torch
    >>> torch.distributions.ReshapeTransform((4,), (2, 2))(torch.arange(4.0))
    tensor([[0., 1.],
            [2., 3.]])
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[: x.dim() - len(self.in_shape)] + self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(y.shape[: y.dim() - len(self.out_shape)] + self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return _replaced(shape, self.in_shape, self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return _replaced(shape, self.out_shape, self.in_shape)


def _replaced(shape: Any, old: Size, new: Size) -> Any:
    if len(shape) < len(old):
        raise ValueError("Too few dimensions on input")
    cut = len(shape) - len(old)
    if tuple(shape[cut:]) != tuple(old):
        raise ValueError(f"Shape mismatch: expected {shape[cut:]} but got {old}")
    return shape[:cut] + new


class CorrCholeskyTransform(_OfOneKind):
    """D (D - 1) / 2 real numbers as the Cholesky factor of a D x D correlation matrix.

    Their tanh are partial correlations, from which the rows follow by breaking sticks of length 1.

    >>> import rushlight as torch
    >>> L = torch.distributions.CorrCholeskyTransform()(torch.tensor([0.5]))
    >>> L, (L @ L.T)[1, 0]  # tanh(0.5)
    (tensor([[1.0000, 0.0000],
            [0.4621, 0.8868]]), tensor(0.4621))
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        eps = torch.finfo(x.dtype).eps
        partial = vec_to_tril_matrix(x.tanh().clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - partial**2).sqrt().cumprod(-1)
        unit = torch.eye(partial.shape[-1], dtype=partial.dtype, device=partial.device)
        return (partial + unit) * F.pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        left = F.pad((1 - (y * y).cumsum(-1))[..., :-1], [1, 0], value=1)
        partial = tril_matrix_to_vec(y, diag=-1) / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (partial.log1p() - partial.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor, intermediates: Any = None) -> Tensor:
        """Of x and the strictly lower elements of y."""
        left = tril_matrix_to_vec(1 - (y * y).cumsum(-1), diag=-2)
        tanh = -2 * (x + F.softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * left.log().sum(-1) + tanh

    def forward_shape(self, shape: Any) -> Any:
        _needs(1, shape)
        n = shape[-1]
        d = round((0.25 + 2 * n) ** 0.5 + 0.5)
        if d * (d - 1) // 2 != n:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return shape[:-1] + (d, d)

    def inverse_shape(self, shape: Any) -> Any:
        _needs(2, shape)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        return shape[:-2] + (shape[-1] * (shape[-1] - 1) // 2,)


class SoftmaxTransform(_OfOneKind):
    """y = softmax(x); the inverse is log(y), as x is known but for a constant.

    >>> import rushlight as torch
    >>> torch.distributions.SoftmaxTransform()(torch.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return F.softmax(x, dim=-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        _needs(1, shape)
        return shape

    inverse_shape = forward_shape


class StickBreakingTransform(_OfOneKind):
    """K real numbers as K + 1 shares: each breaks a part off what is left of a stick.

    >>> import rushlight as torch
    >>> torch.distributions.StickBreakingTransform()(torch.zeros(2))  # a third three times
    tensor([0.3333, 0.3333, 0.3333])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    @staticmethod
    def _offset(x: Tensor, size: int) -> Tensor:
        """log(size - 1), ..., by which x = 0 gives equal shares."""
        return (size - x.new_ones(x.shape[-1]).cumsum(-1)).log()

    def _call(self, x: Tensor) -> Tensor:
        part = clipped_sigmoid(x - self._offset(x, x.shape[-1] + 1))
        left = (1 - part).cumprod(-1)
        return F.pad(part, [0, 1], value=1) * F.pad(left, [1, 0], value=1)

    def _inverse(self, y: Tensor) -> Tensor:
        cropped = y[..., :-1]
        left = (1 - cropped.cumsum(-1)).clamp(min=torch.finfo(y.dtype).tiny)
        return cropped.log() - left.log() + self._offset(cropped, y.shape[-1])

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        x = x - self._offset(x, x.shape[-1] + 1)
        return (-x + F.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        _needs(1, shape)
        return shape[:-1] + (shape[-1] + 1,)

    def inverse_shape(self, shape: Any) -> Any:
        _needs(1, shape)
        return shape[:-1] + (shape[-1] - 1,)


class LowerCholeskyTransform(_OfOneKind):
    """A square matrix's lower triangle, with the exponential of its diagonal.

    >>> import rushlight as torch
    >>> torch.distributions.LowerCholeskyTransform()(torch.tensor([[0.0, 9.0], [2.0, 0.0]]))
    tensor([[1., 0.],
            [2., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain: Any = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(LowerCholeskyTransform):
    """L L^T of `LowerCholeskyTransform`'s L.

    >>> import rushlight as torch
    >>> torch.distributions.PositiveDefiniteTransform()(torch.tensor([[0.0, 9.0], [2.0, 0.0]]))
    tensor([[1., 2.],
            [2., 5.]])
    """

    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        lower = super()._call(x)
        return lower @ lower.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return super()._inverse(torch.linalg.cholesky(y))


class _Several(Transform):
    """A transform for each part of its input along `dim`."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        if not all(isinstance(transform, Transform) for transform in tseq):
            raise AssertionError("All elements of tseq must be Transform instances")
        super().__init__(cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    def with_cache(self, cache_size: int = 1) -> Any:
        new = super().with_cache(cache_size)
        new.transforms = [t.with_cache(cache_size) for t in self.transforms]
        return new

    def _parts(self, x: Tensor) -> Sequence[Tensor]:
        raise NotImplementedError

    def _joined(self, parts: list[Tensor]) -> Tensor:
        raise NotImplementedError

    def _each(self, run: Callable[..., Tensor], *values: Tensor) -> list[Tensor]:
        parts = [self._parts(value) for value in values]
        return [run(*group) for group in zip(self.transforms, *parts, strict=True)]

    def _call(self, x: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, part: t(part), x))

    def _inverse(self, y: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, part: t.inv(part), y))

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        return all(t.bijective for t in self.transforms)

    def _check(self, x: Tensor, length: int) -> None:
        if not -x.dim() <= self.dim < x.dim():
            raise AssertionError(
                f"dim {self.dim} out of range for tensor with {x.dim()} dimensions"
            )
        if x.size(self.dim) != length:
            raise AssertionError(
                f"{type(self).__name__}: expected size {length} in dimension {self.dim}, got "
                f"{x.size(self.dim)}"
            )


class CatTransform(_Several):
    """Transforms of slices of `lengths` along `dim`, as `torch.cat` joins them.

    >>> import rushlight as torch
    >>> from rushlight.distributions.transforms import AbsTransform, AffineTransform, CatTransform
    >>> f = CatTransform([AbsTransform(), AffineTransform(0.0, 10.0)], lengths=[1, 2])
    >>> f(torch.tensor([-1.0, -1.0, 2.0]))
    tensor([  1., -10.,  20.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0,
                 lengths: Sequence[int] | None = None, cache_size: int = 0) -> None:  # fmt: skip
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise AssertionError(f"lengths {self.lengths} must be one for each transform")

    @property
    def event_dim(self) -> int:
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        return sum(self.lengths)

    def _parts(self, x: Tensor) -> Sequence[Tensor]:
        self._check(x, self.length)
        return x.split(self.lengths, self.dim)

    def _joined(self, parts: list[Tensor]) -> Tensor:
        return torch.cat(parts, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        terms = self._each(
            lambda t, a, b: _sum_rightmost(
                t.log_abs_det_jacobian(a, b), self.event_dim - t.event_dim
            ),
            x, y,
        )  # fmt: skip
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        if dim + self.event_dim < 0:
            return torch.cat(terms, dim + self.event_dim)
        return torch.stack(terms).sum(0)

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Several):
    """Transforms of the places along `dim`, as `torch.stack` joins them.

    >>> import rushlight as torch
    >>> from rushlight.distributions.transforms import AbsTransform, AffineTransform, StackTransform
    >>> f = StackTransform([AbsTransform(), AffineTransform(0.0, 10.0)])
    >>> f(torch.tensor([-1.0, -1.0]))
    tensor([  1., -10.])
    """

    def _parts(self, x: Tensor) -> Sequence[Tensor]:
        self._check(x, len(self.transforms))
        return x.unbind(self.dim)

    def _joined(self, parts: list[Tensor]) -> Tensor:
        return torch.stack(parts, self.dim)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self._joined(self._each(lambda t, a, b: t.log_abs_det_jacobian(a, b), x, y))

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        return constraints.stack([t.codomain for t in self.transforms], self.dim)


class CumulativeDistributionTransform(Transform):
    """A distribution's `cdf`, which makes its samples uniform; the inverse is its `icdf`.

    >>> import rushlight as torch
    >>> uniform = torch.distributions.Uniform(0.0, 4.0)
    >>> f = torch.distributions.CumulativeDistributionTransform(uniform)
    >>> f(torch.tensor([1.0, 2.0])), f.inv(torch.tensor(0.5))
    (tensor([0.2500, 0.5000]), tensor(2.))
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:  # type: ignore[override]
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return self.distribution.log_prob(x)
