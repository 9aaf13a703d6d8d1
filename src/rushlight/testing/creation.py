"""`make_tensor`: tensors of random numbers for tests."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ..dtype import bool as bool_dtype
from ..dtype import dtype as DType
from ..dtype import int64
from ..layout import memory_format as MemoryFormat
from ..ops.complex import view_as_real
from ..ops.creation import empty
from ..ops.random import randint
from ..tensor import Tensor
from ..type_info import finfo, iinfo
from ..types import AnyDevice


def make_tensor(
    *shape: Any,
    dtype: DType,
    device: AnyDevice,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: MemoryFormat | None = None,
) -> Tensor:
    """A tensor of numbers drawn evenly from [low, high), of PyTorch's for the same seed.

    The limits are -9 and 9 for floating-point and complex numbers, -9 and 10 for whole ones (0 and
    10 without a sign), 0 and 2 for masks, and are held to what the dtype has. `noncontiguous` takes
    every second element of a longer tensor; `exclude_zero` replaces zeros by the smallest positive
    normal number, or 1.

    Raises ValueError for limits that leave no numbers, for `requires_grad` of whole numbers and for
    `noncontiguous` with a `memory_format`.

    >>> import rushlight as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.testing.make_tensor(3, dtype=torch.float32, device="cpu", low=0, high=1)
    tensor([0.4963, 0.7682, 0.0885])
    """
    if len(shape) == 1 and isinstance(shape[0], Sequence):
        shape = tuple(shape[0])
    continuous = dtype.is_floating_point or dtype.is_complex
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got "
            f"{noncontiguous=} and {memory_format=}"
        )
    if requires_grad and not continuous:
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, but got "
            f"{dtype=}"
        )
    noncontiguous = noncontiguous and math.prod(shape) > 1
    if noncontiguous:
        shape = (*shape[:-1], 2 * shape[-1])
    lower, upper = _limits(dtype, low, high)
    if continuous:
        result = empty(shape, dtype=dtype, device=device)
        _fill(view_as_real(result) if dtype.is_complex else result, lower, upper)
    else:
        result = randint(int(lower), int(upper), shape, dtype=dtype, device=device)
    if noncontiguous:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = finfo(dtype).tiny if continuous else 1
    return result.requires_grad_() if requires_grad else result


def _limits(dtype: DType, low: float | None, high: float | None) -> tuple[float, float]:
    """The limits of the numbers, within those of the dtype."""
    continuous = dtype.is_floating_point or dtype.is_complex
    lowest: float
    highest: float
    if dtype is bool_dtype:
        lowest, highest, default = 0, 2, (0, 2)
    elif continuous:
        lowest, highest, default = finfo(dtype).min, finfo(dtype).max, (-9, 9)
    else:  # 2**63 itself is no int64
        lowest, default = iinfo(dtype).min, (-9, 10)
        highest = iinfo(dtype).max + (dtype is not int64)
    low = default[0] if low is None else low
    high = default[1] if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and continuous:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is "
            "deprecated. Use `torch.full(...)` instead.",
            FutureWarning, stacklevel=3,
        )  # fmt: skip
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < lowest or low >= highest:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} "
            f"only supports [{lowest}, {highest})"
        )
    low, high = min(max(low, lowest), highest), min(max(high, lowest), highest)
    return (low, high) if continuous else (math.ceil(low), math.ceil(high))


def _fill(x: Tensor, low: float, high: float) -> None:
    if high - low >= finfo(x.dtype).max:  # a range that is no number of the dtype
        x.uniform_(low / 2, high / 2).mul_(2)
    else:
        x.uniform_(low, high)
