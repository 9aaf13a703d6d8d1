"""Random numbers in place, in PyTorch's streams: `uniform_`, `normal_` and the others."""

from __future__ import annotations

from math import inf
from typing import Any

import ml_dtypes
import numpy as np

from ..autograd.inplace import check_memory, is_tracked
from ..autograd.mirror import written
from ..categories import FLOATS, ORDERED, REALS, check_taken
from ..dtype import COMPLEX, FLOATING, INTEGER, category_of
from ..errors import OperationError
from ..grad_mode import state
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import watchers
from ..random import Generator, default_state
from ..tensor import Tensor, wrap
from .common import check_same_device, table_of
from .complex import view_as_real
from .declare import operation
from .random import _check_range, _floating_of, _probabilities, drawn_like


def _refill(self: Tensor, kernel: str, generator: Any, *parameters: Any) -> Tensor:
    """Overwrites a tensor with what a kernel draws."""
    array = self.array
    wants = self._requires_grad
    if wants is None or 0 in array.strides:
        check_memory(self)
    elif not watchers and launch.batching is None and (
        not state.enabled or wants is False and (self._view is None or not is_tracked(self))
    ):
        # A plain tensor, as most are: there is little to ask.
        table = kernel_tables[type(array)]
        if generator is None and array.base is None and array.flags.c_contiguous:
            drawn = getattr(table, kernel)(default_state(array), array.shape, *parameters)
        else:
            drawn = drawn_like(self, kernel, generator, *parameters, within=True)
        table.copy(array, drawn)
        written(self)
        return self
    drawn = drawn_like(self, kernel, generator, *parameters, within=True)
    if state.enabled and is_tracked(self):
        return self.copy_(wrap(drawn))
    table_of(self, drawn).copy(self.array, drawn)
    written(self)
    return self


def _bounds(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any]:
    """Bounds that may also be given as `from` and `to`: the former is no name in Python."""
    for word in named:
        if word not in ("from", "to"):
            raise TypeError(f"{name}() got an unexpected keyword argument '{word}'")
    return named.get("from", given[0]), named.get("to", given[1])


@operation("Tensor")
def uniform_(
    self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None,
    **bounds: Any,
) -> Tensor:  # fmt: skip
    """Fills with numbers drawn evenly from [from, to); RuntimeError where to < from.

    >>> import rushlight as torch
    >>> x = torch.empty(100).uniform_(2, 3)
    >>> ((2 <= x) & (x < 3)).all()
    tensor(True)
    """
    low, high = _bounds("uniform_", (a, b), bounds) if bounds else (a, b)
    if not low <= high or high - low == inf:
        raise OperationError(
            f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}"
        )
    if category_of(self.array.dtype) == COMPLEX:  # both parts
        view_as_real(self).uniform_(low, high, generator=generator)
        return self
    kind = _floating_of("uniform_", self)
    return _refill(self, "random_uniform", generator, low, high, kind)


@operation("Tensor")
def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with numbers drawn from a normal distribution; RuntimeError for a negative `std`.

    Of complex numbers each part has the mean, as in PyTorch, and half of the variance.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).normal_(5, 2)
    >>> (x.mean() - 5).abs() < 0.1, (x.std() - 2).abs() < 0.1
    (tensor(True), tensor(True))
    """
    if std < 0:
        raise OperationError(f"normal expects std >= 0.0, but found std {std}")
    if category_of(self.array.dtype) == COMPLEX:
        view_as_real(self).normal_(mean, std / 2**0.5, generator=generator)
        return self
    kind = _floating_of("normal_", self)
    return _refill(self, "random_normal", generator, mean, std, kind)


@operation("Tensor")
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fills with numbers of the density lambd exp(-lambd x), x > 0; RuntimeError unless lambd > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).exponential_(2)
    >>> (x > 0).all(), (x.mean() - 0.5).abs() < 0.05
    (tensor(True), tensor(True))
    """
    if not lambd > 0:
        raise OperationError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    _check_continuous("exponential_", self)
    return _refill(self, "random_exponential", generator, lambd, self.array.dtype)


def _check_continuous(name: str, x: Tensor) -> None:
    if category_of(x.array.dtype) != FLOATING:
        raise OperationError(
            f"{name}: a continuous probability distribution needs a floating-point dtype, but you "
            f"specified {x.dtype}"
        )


@operation("Tensor")
def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with numbers of the density sigma / (pi ((x - median)^2 + sigma^2)).

    RuntimeError unless sigma > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).cauchy_(3, 1)
    >>> (x.median() - 3).abs() < 0.1
    tensor(True)
    """
    if sigma <= 0:
        raise OperationError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    _check_continuous("cauchy_", self)
    return _refill(self, "random_cauchy", generator, median, sigma, self.array.dtype)


@operation("Tensor")
def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fills with exp(x) of normal numbers x of mean `mean` and standard deviation `std`.

    RuntimeError unless std > 0.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).log_normal_(0, 1)
    >>> x.log().mean().abs() < 0.05
    tensor(True)
    """
    if std <= 0:
        raise OperationError(f"log_normal_ expects std > 0.0, but found std={std}")
    kind = _floating_of("log_normal_", self)
    return _refill(self, "random_log_normal", generator, mean, std, kind)


@operation("Tensor")
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fills with numbers of trials until the first success: k has the probability (1 - p)^(k - 1)
    p.

    RuntimeError unless 0 < p < 1.

    >>> import rushlight as torch
    >>> x = torch.empty(10000).geometric_(0.5)
    >>> x.min(), (x.mean() - 2).abs() < 0.1
    (tensor(1.), tensor(True))
    """
    if not 0 < p < 1:
        raise OperationError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    check_taken("geometric_", self, REALS)
    return _refill(self, "random_geometric", generator, p, self.array.dtype)


@operation("Tensor")
def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Fills with whole numbers from [from, to); without bounds, from all that the dtype holds.

    >>> import rushlight as torch
    >>> torch.empty(100, dtype=torch.int64).random_(2, 5).unique()
    tensor([2, 3, 4])
    """
    dtype = self.array.dtype
    check_taken("random_", self, ORDERED)
    if not bounds and not named:
        return _refill(self, "random_full_range", generator, dtype)
    if len(bounds) > 2:
        raise TypeError(f"random_() takes from and to, but got {len(bounds)} bounds")
    given = (0, *bounds, None) if len(bounds) < 2 else bounds
    low, high = _bounds("random_", given, named)
    if high is None:
        info = np.iinfo(dtype) if category_of(dtype) == INTEGER else None
        high = info.max + 1 if info is not None else 2 ** (ml_dtypes.finfo(dtype).nmant + 1) + 1
    _check_range("random_", low, high, dtype)
    return _refill(self, "random_integers", generator, low, high, dtype)


@operation("Tensor")
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fills with 1 with probability `p`, a number or a tensor, else 0.

    RuntimeError unless 0 <= p <= 1.

    >>> import rushlight as torch
    >>> torch.empty(100).bernoulli_(0.5).unique(), torch.empty(2).bernoulli_(1.0)
    (tensor([0., 1.]), tensor([1., 1.]))
    """
    check_taken("bernoulli_", self, ORDERED)
    if isinstance(p, Tensor):
        check_same_device("bernoulli_", self, p)
        check_taken("bernoulli_", p, FLOATS)
        p = _probabilities(p.expand(self.array.shape))
    elif not 0 <= p <= 1:
        raise OperationError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    return _refill(self, "random_bernoulli", generator, p)
