"""Reductions of the segments of a dimension."""

from __future__ import annotations

import math
from typing import Any

from ..categories import FLOATS, check_taken
from ..dtype import int32, int64
from ..errors import OperationError
from ..scalars import number
from ..tensor import Tensor, wrap_dim
from .choices import where
from .common import check, check_same_device
from .creation import arange
from .declare import operation
from .joining import cat
from .scatter import reduced
from .searching import searchsorted

_REDUCTIONS = {"sum": "sum", "mean": "sum", "max": "amax", "min": "amin", "prod": "prod"}
_INITIAL = {"sum": 0.0, "mean": 0.0, "max": -math.inf, "min": math.inf, "prod": 1.0}


@operation(method=False)
def segment_reduce(
    data: Tensor, reduce: str, *, lengths: Tensor | None = None, indices: Tensor | None = None,
    offsets: Tensor | None = None, axis: int = 0, unsafe: bool = False, initial: Any = None,
) -> Tensor:  # fmt: skip
    """The "sum", "mean", "max", "min" or "prod" of each segment of a dimension.

    Segments follow each other. They are given by `lengths`, or by `offsets`, the place of each
    one's first element and the end of the last, along the last dimension; those before are `data`'s
    own. What is reduced begins with `initial`. Unless `unsafe`, lengths must add up to the whole.

    >>> import rushlight as torch
    >>> x = torch.tensor([1.0, 2.0, 3.0])
    >>> torch.segment_reduce(x, "sum", lengths=torch.tensor([2, 1]))
    tensor([3., 3.])
    """
    if reduce not in _REDUCTIONS:
        raise OperationError(
            f"segment_reduce(): reduce must be sum, mean, max, min or prod, got {reduce}"
        )
    check_taken("segment_reduce", data, FLOATS)
    if not data.array.ndim or not data.array.size:
        raise OperationError(
            f"segment_reduce(): Expected data.numel() > 0 and a dimension (got {tuple(data.shape)})"
        )
    if indices is not None:
        raise OperationError("segment_reduce(): indices based reduction is not supported yet.")
    axis = wrap_dim(axis, data.array.ndim)
    size = data.array.shape[axis]
    if offsets is not None:
        starts = _checked("offsets", offsets, data, axis)
        ends, counts = starts[..., 1:], starts.diff(dim=-1)
    elif lengths is not None:
        counts = _checked("lengths", lengths, data, axis)
        ends = counts.cumsum(-1)
        starts = cat([ends.new_zeros((*ends.array.shape[:-1], 1)), ends], -1)
        if not unsafe:
            check(counts >= 0, OperationError, "lengths contains negative value!")
            check(
                counts.sum(-1) == size, OperationError,
                "segment_reduce(): Expected all rows of lengths along axis to sum to "
                f"data.size(lengths.dim()-1) when !unsafe (which is {size}).",
            )  # fmt: skip
    else:
        raise OperationError("segment_reduce(): Either lengths or offsets must be defined.")
    return _reduced(data, reduce, axis, starts, ends, counts, initial)


def _checked(name: str, given: Tensor, data: Tensor, axis: int) -> Tensor:
    if given.dtype not in (int64, int32):
        raise OperationError(
            f"segment_reduce(): Expected {name} to be int64 or int32, got {given.dtype}"
        )
    if given.array.ndim != axis + 1 or given.array.shape[:-1] != data.array.shape[:axis]:
        raise OperationError(
            f"segment_reduce(): Expected {name} of {axis + 1} dimensions, the first of them "
            f"{data.array.shape[:axis]} (got {tuple(given.shape)} for axis {axis} of "
            f"{tuple(data.shape)})"
        )
    check_same_device("segment_reduce", data, given)
    return given.to(int64)


def _reduced(
    data: Tensor, reduce: str, axis: int, starts: Tensor, ends: Tensor, counts: Tensor, initial: Any
) -> Tensor:
    shape, segments = data.array.shape, counts.array.shape[-1]
    places = arange(shape[axis], device=data.device).expand(shape[: axis + 1])
    # What is in front of all segments, or behind, gets one of its own, which is left away.
    numbers = searchsorted(ends.contiguous(), places.contiguous(), right=True)
    numbers = where(places < starts[..., :1], segments, numbers)
    behind = (1,) * (len(shape) - axis - 1)
    numbers = numbers.reshape(*numbers.array.shape, *behind).expand(shape)
    begin = _INITIAL[reduce] if initial is None else number(initial)
    first = data.new_full((*shape[:axis], segments + 1, *shape[axis + 1 :]), begin)
    kind = _REDUCTIONS[reduce]
    result = reduced("segment_reduce", first, axis, numbers, data, kind, True)
    result = result.narrow(axis, 0, segments)
    if reduce == "mean":
        counts = counts.reshape(*counts.array.shape, *behind)
        empty = result.new_full((), math.nan) if initial is None else result
        result = where(counts > 0, result / counts.clamp(1), empty)
    return result
