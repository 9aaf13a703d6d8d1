"""Transforms of single numbers: exponentials, powers, sigmoids, absolute values, lines."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import rushlight as torch
from rushlight import Tensor
from rushlight.nn import functional as F

from . import constraints
from .transforms import Transform
from .utils import _sum_rightmost, broadcast_all


def _same(a: Any, b: Any) -> bool:
    equal = a == b
    return bool(equal.all()) if isinstance(equal, Tensor) else bool(equal)


class _Elementwise(Transform):
    """A monotone transform of numbers. Two of one class and the same parameters are equal."""

    domain: Any = constraints.real
    bijective = True
    sign: Any = 1
    _parameters: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            _same(getattr(self, name), getattr(other, name)) for name in self._parameters
        )

    def forward_shape(self, shape: Any) -> Any:
        shapes = [getattr(getattr(self, name), "shape", ()) for name in self._parameters]
        return torch.broadcast_shapes(shape, *shapes) if shapes else shape

    def inverse_shape(self, shape: Any) -> Any:
        return self.forward_shape(shape)


class ExpTransform(_Elementwise):
    """y = exp(x).

    >>> import rushlight as torch
    >>> f, x = torch.distributions.ExpTransform(), torch.tensor([0.0, 1.0])
    >>> f(x), f.inv(torch.tensor(1.0)), f.log_abs_det_jacobian(x, f(x))
    (tensor([1.0000, 2.7183]), tensor(0.), tensor([0., 1.]))
    """

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return x


class PowerTransform(_Elementwise):
    """y = x ** exponent, of positive x.

    >>> import rushlight as torch
    >>> f = torch.distributions.PowerTransform(2.0)
    >>> f(torch.tensor([1.0, 3.0])), f.inv(torch.tensor([1.0, 9.0]))
    (tensor([1., 9.]), tensor([1., 3.]))
    """

    domain = codomain = constraints.positive
    _parameters = ("exponent",)

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    @property
    def sign(self) -> Any:  # type: ignore[override]
        return self.exponent.sign()

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return (self.exponent * y / x).abs().log()


def clipped_sigmoid(x: Tensor) -> Tensor:
    info = torch.finfo(x.dtype)
    return x.sigmoid().clamp(min=info.tiny, max=1.0 - info.eps)


class SigmoidTransform(_Elementwise):
    """y = 1 / (1 + exp(-x)), inside of (0, 1).

    >>> import rushlight as torch
    >>> f = torch.distributions.SigmoidTransform()
    >>> f(torch.tensor([0.0, 1.0])), f.inv(torch.tensor(0.5))
    (tensor([0.5000, 0.7311]), tensor(0.))
    """

    codomain = constraints.unit_interval

    def _call(self, x: Tensor) -> Tensor:
        return clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        info = torch.finfo(y.dtype)
        y = y.clamp(min=info.tiny, max=1.0 - info.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -F.softplus(-x) - F.softplus(x)


class SoftplusTransform(_Elementwise):
    """y = log(1 + exp(x)), and x itself where it is above 20.

    >>> import rushlight as torch
    >>> torch.distributions.SoftplusTransform()(torch.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return F.softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -F.softplus(-x)


class TanhTransform(_Elementwise):
    """y = tanh(x). The inverse of a y that has been rounded to 1 is infinite: use a cache.

    >>> import rushlight as torch
    >>> f = torch.distributions.TanhTransform()
    >>> f(torch.tensor([0.0, 1.0])), f.inv(torch.tensor([0.0, 0.5]))
    (tensor([0.0000, 0.7616]), tensor([0.0000, 0.5493]))
    """

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return 2.0 * (math.log(2.0) - x - F.softplus(-2.0 * x))


class AbsTransform(_Elementwise):
    """y = |x|; the inverse is y.

    >>> import rushlight as torch
    >>> f = torch.distributions.AbsTransform()
    >>> f(torch.tensor([-1.0, 2.0])), f.inv(torch.tensor([1.0, 2.0]))
    (tensor([1., 2.]), tensor([1., 2.]))
    """

    codomain = constraints.positive
    bijective = False

    @property
    def sign(self) -> Any:  # type: ignore[override]
        raise NotImplementedError

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(_Elementwise):
    """y = loc + scale * x, of which `event_dim` dimensions are one event.

    >>> import rushlight as torch
    >>> f, x = torch.distributions.AffineTransform(1.0, 2.0), torch.tensor([0.0, 3.0])
    >>> f(x), f.inv(f(x)), f.log_abs_det_jacobian(x, f(x))  # log(2)
    (tensor([1., 7.]), tensor([0., 3.]), tensor([0.6931, 0.6931]))
    """

    _parameters = ("loc", "scale")

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self) -> int:
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:  # type: ignore[override]
        dims = self._event_dim
        return constraints.independent(constraints.real, dims) if dims else constraints.real

    codomain = domain  # type: ignore[assignment]

    @property
    def sign(self) -> Any:  # type: ignore[override]
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        if isinstance(self.scale, Number):
            result = torch.full_like(x, math.log(abs(self.scale)))  # type: ignore[arg-type]
        else:
            result = self.scale.abs().log()
        return _sum_rightmost(result.expand(x.shape), self._event_dim)
