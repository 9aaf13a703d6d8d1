"""Reductions and normalizations of the elements where a mask is true; without one, of all.

Where it is false stands what does not change the result: 0 in a sum, -inf beside a maximum.
"""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..categories import FLOATS, NUMBERS, REALS, check_taken
from ..dtype import BOOL, FLOATING, INTEGER, category_of, float32, int64
from ..dtype import dtype as DType
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor
from ..types import Dims, Number
from . import extremes, linalg_norms, reduction, scan, sorting
from . import softmax as softmaxes
from .choices import where
from .common import conjugated, normalize_axes
from .declare import operation
from .signatures import signature_of


def _masked(
    name: str, input: Tensor, mask: Tensor | None, dtype: Any, fill: Any,
    takes: tuple[int, ...] | None = None,
) -> Tensor:  # fmt: skip
    """The input in the dtype that is asked for, with `fill` (of it) where the mask is false."""
    x = input if dtype is None else input.to(dtype)
    if mask is None:
        return x
    if takes is not None:
        check_taken(f"masked.{name}", x, takes)
    mask = _expanded(name, x, mask)
    return where(mask, x, x.new_full((), fill(x.dtype) if callable(fill) else fill))


def _expanded(name: str, x: Tensor, mask: Tensor) -> Tensor:
    """A mask in the input's shape."""
    if category_of(mask.array.dtype) != BOOL:
        raise TypeError(f"masked.{name}: mask must be a tensor of bool, not {mask.dtype}")
    if mask.array.ndim > x.array.ndim:
        raise IndexError(
            f"masked.{name}: expected a mask that broadcasts to the input, but one of "
            f"{tuple(mask.shape)} has more dimensions than {tuple(x.shape)}"
        )
    return mask if mask.array.shape == x.array.shape else mask.expand(x.array.shape)


def _lowest(dtype: DType) -> Any:
    if dtype.category == BOOL:
        return False
    return -math.inf if dtype.category >= FLOATING else np.iinfo(dtype.numpy).min


def _highest(dtype: DType) -> Any:
    if dtype.category == BOOL:
        return True
    return math.inf if dtype.category >= FLOATING else np.iinfo(dtype.numpy).max


def _sum_type(input: Tensor, dtype: Any) -> Any:
    """The dtype of a sum or product: of whole numbers int64, unless told otherwise."""
    return int64 if dtype is None and input.dtype.category <= INTEGER else dtype


def _count(name: str, input: Tensor, dim: Any, keepdim: bool, mask: Tensor | None) -> Any:
    """How many elements a result is made of: a number, or by the mask."""
    axes = normalize_axes(dim, input.array.ndim)
    if mask is not None:
        return _expanded(name, input, mask).sum(axes, keepdim)
    shape = input.array.shape
    return math.prod(shape if axes is None else [shape[axis] for axis in axes])


# ---- reductions


@operation("masked")
def sum(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The sum over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> torch.masked.sum(torch.tensor([1, 2, 4]), mask=torch.tensor([True, False, True]))
    tensor(5)
    """
    return reduction.sum(_masked("sum", input, mask, _sum_type(input, dtype), 0), dim, keepdim)


@operation("masked")
def prod(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The product over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([2, 3, 4]), torch.tensor([True, False, True])
    >>> torch.masked.prod(x, 0, mask=mask)
    tensor(8)
    """
    x = _masked("prod", input, mask, _sum_type(input, dtype), 1)
    axes = normalize_axes(dim, x.array.ndim)
    if x.array.ndim == 0 and not isinstance(dim, int):
        return x
    if x.array.ndim == 0 or axes is None and not keepdim:
        return x.prod()
    for axis in builtins.sorted(range(x.array.ndim) if axes is None else axes, reverse=True):
        x = x.prod(axis, keepdim)
    return x


@operation("masked")
def amax(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The largest of the elements along `dim` where `mask` is true; -inf where there is none.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([2, 9, 4]), torch.tensor([True, False, True])
    >>> torch.masked.amax(x, 0, mask=mask)
    tensor(4)
    """
    return extremes.amax(_masked("amax", input, mask, dtype, _lowest, REALS), _all(dim), keepdim)


@operation("masked")
def amin(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The smallest of the elements along `dim` where `mask` is true; inf where there is none.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([2, 1, 4]), torch.tensor([True, False, True])
    >>> torch.masked.amin(x, 0, mask=mask)
    tensor(2)
    """
    return extremes.amin(_masked("amin", input, mask, dtype, _highest, REALS), _all(dim), keepdim)


def _all(dim: Any) -> Any:
    return () if dim is None else dim


@operation("masked")
def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the largest of the elements along `dim` where `mask` is true, in the dtype of
    these, as in PyTorch.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([2, 9, 4]), torch.tensor([True, False, True])
    >>> torch.masked.argmax(x, 0, mask=mask)
    tensor(2)
    """
    x = _masked("argmax", input, mask, dtype, _lowest)
    return extremes.argmax(x, dim, keepdim).to(x.dtype)


@operation("masked")
def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the smallest of the elements along `dim` where `mask` is true, in the dtype of
    these, as in PyTorch.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([4, 1, 2]), torch.tensor([True, False, True])
    >>> torch.masked.argmin(x, 0, mask=mask)
    tensor(2)
    """
    x = _masked("argmin", input, mask, dtype, _highest)
    return extremes.argmin(x, dim, keepdim).to(x.dtype)


@operation("masked")
def mean(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean over `dim` of the elements where `mask` is true; nan where there is none.

    >>> import rushlight as torch
    >>> torch.masked.mean(torch.tensor([1.0, 2.0, 4.0]), mask=torch.tensor([True, False, True]))
    tensor(2.5000)
    """
    if dtype is None and input.dtype.category < FLOATING:
        raise ValueError(
            f"masked.mean: expected a floating point or complex dtype, not {input.dtype}; "
            "give dtype="
        )
    total = sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return total / _count("mean", input, dim, keepdim, mask)


@operation("masked")
def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The median along `dim` of the elements where `mask` is true; nan where there is none.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1.0, 99.0, 2.0, 3.0]), torch.tensor([True, False, True, True])
    >>> torch.masked.median(x, 0, mask=mask)
    tensor(2.)
    """
    asked = input.dtype if dtype is None else dtype
    is_floating = input.dtype.category >= FLOATING
    x = _masked("median", input, mask, None if is_floating else float32, math.nan)
    found = sorting.nanmedian(x, dim, keepdim).values
    if not is_floating and bool(found.isnan().any()):
        raise ValueError(
            f"masked.median: expected no fully masked out rows if dtype is not floating point "
            f"({input.dtype})"
        )
    return found.to(asked)


@operation("masked")
def norm(
    input: Tensor, ord: Number | None = 2.0, dim: Dims = None, *, keepdim: bool = False,
    dtype: DType | None = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The p-norm, p being `ord`, over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([3.0, 9.0, 4.0]), torch.tensor([True, False, True])
    >>> torch.masked.norm(x, 2.0, 0, mask=mask)
    tensor(5.)
    """
    ord = 2.0 if ord is None else number(ord)
    x = _masked("norm", input, mask, dtype, math.inf if ord < 0 else 0.0)
    return linalg_norms.vector_norm(x, ord, dim, keepdim)


def _variance(
    name: str, /, input: Tensor, dim: Any = None, unbiased: bool | None = None, *,
    correction: Any = None, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    if isinstance(dim, bool):  # var(unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise OperationError(f"masked.{name}: only one of unbiased and correction may be given")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    check_taken(f"masked.{name}", input, NUMBERS)
    if dtype is None and input.dtype.category < FLOATING:
        dtype = float32
    x = input if dtype is None else input.to(dtype)
    count = _count(name, x, dim, True, mask)
    far = x - sum(x, dim, keepdim=True, mask=mask) / count
    total = sum(far * conjugated(far), dim, keepdim=keepdim, mask=mask)
    freedom = _count(name, x, dim, keepdim, mask) - correction
    freedom = freedom.clamp(0) if isinstance(freedom, Tensor) else max(freedom, 0)
    return (total / freedom).to(total.dtype)  # of float32 where the correction is a fraction


@operation("masked")
@signature_of(_variance)
def var(*arguments: Any, **options: Any) -> Tensor:
    """The variance over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1.0, 9.0, 3.0]), torch.tensor([True, False, True])
    >>> torch.masked.var(x, 0, unbiased=False, mask=mask)
    tensor(1.)
    """
    return _variance("var", *arguments, **options)


@operation("masked")
@signature_of(_variance)
def std(*arguments: Any, **options: Any) -> Tensor:
    """The standard deviation over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1.0, 9.0, 5.0]), torch.tensor([True, False, True])
    >>> torch.masked.std(x, 0, unbiased=False, mask=mask)
    tensor(2.)
    """
    return _variance("std", *arguments, **options).sqrt()


@operation("masked")
def logsumexp(
    input: Tensor, dim: Dims = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(sum(exp(x))) over `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([0.0, 9.0, 0.0]), torch.tensor([True, False, True])
    >>> torch.masked.logsumexp(x, 0, mask=mask)  # log(2)
    tensor(0.6931)
    """
    if mask is not None:
        check_taken("masked.logsumexp", input, NUMBERS)
    asked = input.dtype if dtype is None else dtype
    x = _masked("logsumexp", input, mask, dtype, _lowest)
    if x.dtype.category < FLOATING:
        x = x.float()
    axes = tuple(range(x.array.ndim)) if dim is None else dim
    return softmaxes.logsumexp(x, axes, keepdim).to(asked)


# ---- running sums and products


@operation("masked")
def cumsum(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """Running sums, in the input's dtype, along `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1, 2, 3]), torch.tensor([True, False, True])
    >>> torch.masked.cumsum(x, 0, mask=mask)
    tensor([1, 1, 4])
    """
    x = _masked("cumsum", input, mask, dtype, 0, NUMBERS)
    return scan.cumsum(x, dim, dtype=x.dtype)


@operation("masked")
def cumprod(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """Running products, in the input's dtype, along `dim` of the elements where `mask` is true.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([2, 3, 4]), torch.tensor([True, False, True])
    >>> torch.masked.cumprod(x, 0, mask=mask)
    tensor([2, 2, 8])
    """
    x = _masked("cumprod", input, mask, dtype, 1, NUMBERS)
    return scan.cumprod(x, dim, dtype=x.dtype)


# ---- normalizations


@operation("masked")
def softmax(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """softmax along `dim` of the elements where `mask` is true, 0 elsewhere.

    >>> import rushlight as torch
    >>> torch.masked.softmax(torch.zeros(3), 0, mask=torch.tensor([True, False, True]))
    tensor([0.5000, 0.0000, 0.5000])
    """
    return softmaxes.softmax(_masked("softmax", input, mask, dtype, -math.inf, FLOATS), dim)


@operation("masked")
def log_softmax(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """log(softmax(x)) along `dim` of the elements where `mask` is true, -inf elsewhere.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1.0, 9.0, 1.0]), torch.tensor([True, False, True])
    >>> torch.masked.log_softmax(x, 0, mask=mask)
    tensor([-0.6931,    -inf, -0.6931])
    """
    x = _masked("log_softmax", input, mask, dtype, -math.inf, FLOATS)
    return softmaxes.log_softmax(x, dim)


@operation("masked")
def softmin(
    input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """softmax(-x) along `dim` of the elements where `mask` is true, 0 elsewhere.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([1.0, 9.0, 1.0]), torch.tensor([True, False, True])
    >>> torch.masked.softmin(x, 0, mask=mask)
    tensor([0.5000, 0.0000, 0.5000])
    """
    return softmaxes.softmax(-_masked("softmin", input, mask, dtype, math.inf, FLOATS), dim)


@operation("masked")
def normalize(
    input: Tensor, ord: Number, dim: int, *, eps: float = 1e-12, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The elements where `mask` is true, over their p-norm along `dim`, p being `ord`.

    >>> import rushlight as torch
    >>> x, mask = torch.tensor([3.0, 9.0, 4.0]), torch.tensor([True, False, True])
    >>> torch.masked.normalize(x, 2.0, 0, mask=mask)
    tensor([0.6000, 0.0000, 0.8000])
    """
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return _masked("normalize", input, mask, dtype, 0) / size.clamp(min=eps)


@operation("masked")
def logaddexp(
    input: Tensor, other: Tensor, *, dtype: DType | None = None, input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(exp(input) + exp(other)), of each what its mask lets through; -inf of neither.

    >>> import rushlight as torch
    >>> x, mask = torch.zeros(2), torch.tensor([True, False])
    >>> torch.masked.logaddexp(x, x, other_mask=mask)
    tensor([0.6931, 0.0000])
    """
    a = _masked("logaddexp", input, input_mask, dtype, -math.inf, FLOATS)
    b = _masked("logaddexp", other, other_mask, dtype, -math.inf, FLOATS)
    return softmaxes.logaddexp(a, b)
