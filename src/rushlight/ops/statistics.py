"""Quantiles, covariances and correlations."""

from __future__ import annotations

import warnings
from typing import Any

from ..dtype import BOOL, COMPLEX, FLOATING, HALVES, float32, float64
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from .choices import where
from .common import check, check_same_device, conjugated
from .complex import complex as complex_of
from .creation import arange
from .declare import operation
from .promotion import result_type
from .signatures import signature_of

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    name: str, /, input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *,
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    q = _checked_q(name, input, q)
    if interpolation not in _INTERPOLATIONS:
        raise OperationError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    ndim = input.array.ndim
    if dim is None:
        line, kept = input.reshape(-1), (1,) * ndim
    else:
        axis = wrap_dim(dim, ndim)
        line = input.movedim(axis, -1) if ndim else input.reshape(1)
        shape = input.array.shape
        kept = (*shape[:axis], 1, *shape[axis + 1 :]) if ndim else ()
    ordered = line.sort(-1).values
    ranks = _ranks(name, ordered, q.reshape(-1))
    found = _between(ordered, ranks, interpolation)  # lines x q
    found = found.movedim(-1, 0)
    if keepdim:
        found = found.reshape((found.array.shape[0], *kept))
    return found if q.array.ndim else found.squeeze(0)


@operation(out="exact", autocast="float32")
@signature_of(_quantile)
def quantile(*arguments: Any, **options: Any) -> Tensor:
    """The element below which lies the part `q` of all, along `dim`; nan where one is.

    Several `q` make a dimension, the first. Between two elements `interpolation` says what is
    taken: "linear", "lower", "higher", "midpoint" or "nearest".

    >>> import rushlight as torch
    >>> torch.tensor([1.0, 2.0, 4.0]).quantile(0.75)
    tensor(3.)
    """
    return _quantile("quantile", *arguments, **options)


@operation(out="exact", autocast="float32")
@signature_of(_quantile)
def nanquantile(*arguments: Any, **options: Any) -> Tensor:
    """`quantile` of the elements that are numbers; nan where none is.

    >>> import rushlight as torch
    >>> torch.nanquantile(torch.tensor([1.0, float("nan"), 3.0]), 0.5)
    tensor(2.)
    """
    return _quantile("nanquantile", *arguments, **options)


def _checked_q(name: str, input: Tensor, q: Any) -> Tensor:
    if input.dtype not in (float32, float64):
        raise OperationError(
            f"{name}() input tensor must be either float or double dtype, not {input.dtype}"
        )
    if not input.array.size:
        raise OperationError(f"{name}() input tensor must be non-empty")
    if not isinstance(q, Tensor):
        q = number(q)
        if not 0 <= q <= 1:
            raise OperationError(f"{name}() q must be in the range [0, 1] but got {q}")
        return input.new_full((), q)
    if q.array.ndim > 1:
        raise OperationError(
            f"{name}() q must be a scalar or 1D tensor, not of {q.array.ndim} dimensions"
        )
    if q.dtype is not input.dtype:
        raise OperationError(
            f"{name}() q tensor must be same dtype as the input tensor ({q.dtype}, {input.dtype})"
        )
    check_same_device(name, input, q)
    check((q >= 0) & (q <= 1), OperationError, f"{name}() q values must be in the range [0, 1]")
    return q


def _ranks(name: str, ordered: Tensor, q: Tensor) -> Tensor:
    """Where in lines in order the quantiles are; a nan is at the end."""
    last = ordered.array.shape[-1] - 1
    is_nan = ordered.isnan()
    if name == "nanquantile":
        numbers = (~is_nan).sum(-1, keepdim=True)
        return q * (numbers - 1).clamp(0)
    return where(is_nan.any(-1, keepdim=True), float(last), q * last)


def _between(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    if interpolation == "lower":
        ranks = ranks.floor()
    elif interpolation == "higher":
        ranks = ranks.ceil()
    elif interpolation == "nearest":
        ranks = ranks.round()
    below = ranks.detach().floor()
    low = ordered.gather(-1, below.long())
    if interpolation not in ("linear", "midpoint"):
        return low
    high = ordered.gather(-1, ranks.detach().ceil().long())
    if interpolation == "midpoint":
        return low.lerp(high, 0.5)
    return low.lerp(high, ranks - below)


# ---- covariances


@operation
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The covariances of the rows, whose columns are observations.

    They are divided by the number of observations minus `correction`. `fweights` says how often
    each was made, `aweights` how much it counts.

    >>> import rushlight as torch
    >>> torch.cov(torch.tensor([[0.0, 2.0], [2.0, 0.0]]))
    tensor([[ 2., -2.],
            [-2.,  2.]])
    """
    if input.array.ndim > 2:
        raise OperationError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.array.ndim} dimensions"
        )
    if input.dtype.category == BOOL:
        raise OperationError("cov(): bool dtype is not supported for input")
    if input.array.dtype in HALVES:
        wide = cov(input.float(), correction=correction, fweights=fweights, aweights=aweights)
        given = [weight for weight in (fweights, aweights) if weight is not None]
        return wide.to(result_type(input, *given))
    x = input if input.array.ndim == 2 else input.reshape(1, -1)
    count = x.array.shape[1]
    weights = _weights(count, fweights, aweights)
    if weights is None:
        total: Any = count
        degrees: Any = count - correction
    else:
        total = weights.sum()
        check(total != 0, OperationError, "cov(): weights sum to zero, can't be normalized")
        degrees = total - correction
        if aweights is not None and correction != 0:
            degrees = total - correction * (weights * aweights).sum() / total
    weighted = x if weights is None else x * weights
    far = x - (weighted.sum(1) / total).unsqueeze(1)
    right = far if weights is None else far * weights
    product = far @ conjugated(right).mT.to(far.dtype)
    if not isinstance(degrees, Tensor):
        if degrees <= 0:
            warnings.warn("cov(): degrees of freedom is <= 0", UserWarning, stacklevel=3)
        return (product / max(degrees, 0)).squeeze()
    return (product / degrees.clamp(0)).squeeze()


def _weights(count: int, fweights: Any, aweights: Any) -> Tensor | None:
    """How much each observation counts."""
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        if given.array.ndim > 1 or given.array.size != count:
            raise OperationError(
                f"cov(): expected {name} to have one or fewer dimensions and one element for each "
                f"of {count} observations, but got {tuple(given.shape)}"
            )
        is_whole = BOOL < given.dtype.category < FLOATING
        if is_whole != (name == "fweights"):
            wanted = "integral" if name == "fweights" else "floating point"
            raise OperationError(
                f"cov(): expected {name} to have {wanted} dtype but got {name} with {given.dtype}"
            )
        check(given >= 0, OperationError, f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return aweights if fweights is None else fweights
    return fweights * aweights


@operation
def corrcoef(input: Tensor) -> Tensor:
    """The correlations of the rows: covariances over the standard deviations of both.

    >>> import rushlight as torch
    >>> torch.corrcoef(torch.tensor([[0.0, 2.0], [2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.array.ndim > 2:
        raise OperationError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.array.ndim} dimensions"
        )
    if input.array.dtype in HALVES:
        return corrcoef(input.float()).to(input.dtype)
    c = cov(input)
    if not c.array.ndim:
        return c / c
    places = arange(c.array.shape[0], device=c.device)
    spread = c[places, places]
    spread = (spread.real if c.dtype.category == COMPLEX else spread).sqrt()
    c = c / spread.unsqueeze(1) / spread.unsqueeze(0)
    if c.dtype.category != COMPLEX:
        return c.clamp(-1, 1)
    return complex_of(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
