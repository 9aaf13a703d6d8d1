"""How many elements there are of each kind or in each interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, overload

from ..categories import FLOATS, INTEGERS, check_taken, refused
from ..dtype import float32, float64
from ..errors import OperationError
from ..return_types import named
from ..tensor import Tensor, wrap
from .common import check, check_same_device, table_of
from .creation import linspace
from .declare import operation


@operation
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs in a vector, or the sum of its `weights`.

    >>> import rushlight as torch
    >>> torch.bincount(torch.tensor([1, 1, 3]))
    tensor([0, 2, 0, 1])
    """
    check_taken("bincount", input, INTEGERS)
    if minlength < 0:
        raise OperationError(f"minlength should be >= 0 (bincount was given {minlength})")
    check_same_device("bincount", input, weights)
    message = "bincount only supports 1-d non-negative integral inputs."
    if input.array.ndim == 0:
        input = input.reshape(1)
    if input.array.ndim > 1:
        raise OperationError(f"{message} (The input is {tuple(input.shape)})")
    if weights is not None and weights.array.shape != input.array.shape:
        raise OperationError(
            "weights should be 1-d and have the same length as input (bincount: weights "
            f"{tuple(weights.shape)}, input {tuple(input.shape)})"
        )
    check(input >= 0, OperationError, message)
    if weights is not None and weights.dtype is not float32:
        weights = weights.to(float64)
    given = None if weights is None else weights.array
    return wrap(table_of(input, given).bincount(input.array, given, minlength))


@operation(out="exact")
def histc(input: Tensor, bins: int = 100, min: Any = 0, max: Any = 0) -> Tensor:
    """How many elements fall into each of `bins` equal parts of [min, max], in the input's dtype.

    If both limits are 0 they are the extremes of the elements. What is outside does not count.

    >>> import rushlight as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    check_taken("histc", input, FLOATS)
    _check_bins("histc", bins)
    low, high = _limits("histc", input, (min, max))
    line = input.detach().reshape(-1)
    return wrap(table_of(line).histc(line.array, bins, low, high))


def _check_bins(name: str, bins: Any) -> None:
    if bins <= 0:
        raise OperationError(f"torch.{name}(): bins must be > 0, but got {bins}")


def _limits(name: str, input: Tensor, given: Sequence[Any]) -> tuple[Any, Any]:
    """The ends of a histogram: those given, or those of the elements."""
    low, high = given
    # `histc` takes any two equal ends for none.
    takes_own = low == high and (low == 0 or name == "histc")
    if takes_own and input.array.size and not input.is_meta:
        low, high = input.detach().amin().item(), input.detach().amax().item()
    if not math.isfinite(low) or not math.isfinite(high):
        raise OperationError(f"torch.{name}: range of [{low}, {high}] is not finite")
    if low > high:
        raise OperationError(f"torch.{name}: max must be larger than min, but got [{low}, {high}]")
    return (low - 1, high + 1) if low == high else (low, high)


class Histogram(NamedTuple):
    """What `histogram` and `histogramdd` return."""

    hist: Tensor
    bin_edges: Any


_Histogram: Any = named("histogram", Histogram)
_HistogramDD: Any = named("histogramdd", Histogram)


@overload
def histogram(
    input: Tensor, bins: Tensor, *, weight: Tensor | None = None, density: bool = False,
    out: Sequence[Tensor] | None = None,
) -> Histogram: ...  # fmt: skip


@overload
def histogram(
    input: Tensor, bins: int = 100, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False, out: Sequence[Tensor] | None = None,
) -> Histogram: ...  # fmt: skip


@operation(out="exact")
def histogram(
    input: Tensor, bins: Any = 100, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False, out: Sequence[Tensor] | None = None,
) -> Histogram:  # fmt: skip
    """How many elements, or what `weight`, fall into each bin, and the bins' edges.

    `bins` is their number, in equal parts of `range` (or of the elements' own), or a vector of
    edges. A bin holds its left edge, the last one both. `density` makes the whole integral 1.

    >>> import rushlight as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 4.0)).hist
    tensor([2., 1.])
    """
    x = _points("histogram", input).reshape(-1, 1)
    if weight is not None and weight.array.shape != input.array.shape:
        raise OperationError(
            "histogram(): if weight tensor is provided it should have the same shape as the input "
            f"tensor excluding its innermost dimension, but got input with shape "
            f"{list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    ends = None if range is None else [*range]
    edges = _edges("histogram", x, [bins], ends)
    return _Histogram(_counted("histogram", x, edges, weight, density), edges[0].clone())


@operation(method=False)
def histogramdd(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None,
    weight: Tensor | None = None, density: bool = False,
) -> Histogram:  # fmt: skip
    """`histogram` of points, the last dimension being their coordinates, in as many dimensions.

    `bins` is one number for all coordinates, one for each, or vectors of edges.

    >>> import rushlight as torch
    >>> points = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    >>> hist, edges = torch.histogramdd(points, bins=2)
    >>> hist, edges[0]
    (tensor([[1., 1.],
            [0., 2.]]), tensor([0.0000, 0.5000, 1.0000]))
    """
    if input.array.ndim < 2:
        raise OperationError(
            "torch.histogramdd: input tensor should have at least 2 dimensions, but got "
            f"{input.array.ndim}"
        )
    dims = input.array.shape[-1]
    x = _points("histogramdd", input).reshape(-1, dims)
    given = [bins] * dims if isinstance(bins, int) else [*bins]
    if len(given) != dims:
        raise OperationError(
            f"torch.histogramdd: expected {dims} sequences of bin edges for a {dims}-dimensional "
            f"histogram but got {len(given)}"
        )
    if weight is not None and weight.array.shape != input.array.shape[:-1]:
        raise OperationError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
            f"input tensor excluding its innermost dimension, but got input with shape "
            f"{list(input.shape)} and weight with shape {list(weight.shape)}"
        )
    edges = _edges("histogramdd", x, given, None if range is None else [*range])
    return _HistogramDD(_counted("histogramdd", x, edges, weight, density), tuple(edges))


def _points(name: str, input: Tensor) -> Tensor:
    if input.dtype not in (float32, float64):
        raise refused(name, input.dtype, FLOATS)
    return input.detach()


def _edges(name: str, x: Tensor, bins: Sequence[Any], ends: Any) -> list[Tensor]:
    if ends is not None and len(ends) != 2 * len(bins):
        raise OperationError(
            f"torch.{name}(): for a {len(bins)}-dimensional histogram range should have "
            f"{2 * len(bins)} elements, but got {len(ends)}"
        )
    edges = []
    for i, number in enumerate(bins):
        if isinstance(number, Tensor):
            edges.append(_checked_edges(name, x, number))
            continue
        _check_bins(name, number)
        line = x[:, i]
        low, high = _range(name, line, None if ends is None else ends[2 * i : 2 * i + 2])
        edges.append(linspace(low, high, number + 1, dtype=x.dtype, device=x.device))
    return edges


def _range(name: str, line: Tensor, ends: Any) -> tuple[Any, Any]:
    if ends is not None:
        low, high = ends
    elif line.array.size:
        low, high = line.amin().item(), line.amax().item()
    else:
        low, high = 0.0, 1.0
    if not math.isfinite(low) or not math.isfinite(high):
        raise OperationError(f"torch.{name}(): range [{low}, {high}] is not finite")
    if low > high:
        raise OperationError(
            f"torch.{name}(): min should not exceed max, but got min {low} max {high}"
        )
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def _checked_edges(name: str, x: Tensor, edges: Tensor) -> Tensor:
    if edges.dtype is not x.dtype:
        raise OperationError(
            f"torch.{name}: input tensor and bins tensors should have the same dtype, but got "
            f"input with dtype {x.dtype} and bins with dtype {edges.dtype}"
        )
    if edges.array.ndim != 1 or not edges.array.size:
        raise OperationError(
            f"torch.{name}(): bins tensor should have one dimension and at least one edge, but got "
            f"{list(edges.shape)}"
        )
    return edges.detach() if edges.requires_grad else edges


def _counted(name: str, x: Tensor, edges: list[Tensor], weight: Any, density: bool) -> Tensor:
    check_same_device(name, x, weight, *edges)
    if weight is not None:
        if weight.dtype is not x.dtype:
            raise OperationError(
                f"torch.{name}: if weight tensor is provided, input tensor and weight tensor "
                f"should have the same dtype, but got input with dtype {x.dtype}, and weight with "
                f"dtype {weight.dtype}"
            )
        weight = weight.detach().reshape(-1).array
    limits = [edge.array for edge in edges]
    counts = wrap(table_of(x, limits, weight).histogramdd(x.array, limits, weight))
    if density:
        counts = counts / counts.sum()
        for i, edge in enumerate(edges):
            shape = [1] * len(edges)
            shape[i] = -1
            counts = counts / edge.diff().reshape(shape)
    return counts
