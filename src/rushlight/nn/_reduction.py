"""How a loss reduces, in PyTorch's numbers and in the words of PyTorch 0.4."""

from __future__ import annotations

from ..ops.loss import legacy_reduction

_NUMBERS = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """The number of "none", "mean" or "sum"; ValueError for others.

    >>> from rushlight.nn import _reduction
    >>> _reduction.get_enum("sum")
    2
    """
    if reduction not in _NUMBERS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return _NUMBERS[reduction]


def legacy_get_string(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> str:
    """The `reduction` that two arguments of PyTorch 0.4 stand for.

    >>> from rushlight.nn import _reduction
    >>> _reduction.legacy_get_string(False, True, emit_warning=False)
    'sum'
    """
    return legacy_reduction(size_average, reduce, emit_warning)


def legacy_get_enum(
    size_average: bool | None, reduce: bool | None, emit_warning: bool = True
) -> int:
    """`get_enum` of `legacy_get_string`."""
    return get_enum(legacy_reduction(size_average, reduce, emit_warning))
