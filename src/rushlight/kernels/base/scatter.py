"""Kernels that place elements by index: a copy of x is changed, or x itself, given as `out`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...dtype import BOOL, FLOATING, category_of
from ..declaration import kernel
from .library import Library

_FUNCTIONS = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}
_NEUTRAL = {"prod": lambda dtype: 1, "amax": lambda dtype: _end(dtype, "min"),
            "amin": lambda dtype: _end(dtype, "max")}  # fmt: skip


class Scatter(Library):
    check_index: Any
    positions: Any

    @kernel("indexing", ("x",))
    def add_at(self, x: Any, index: Any, values: Any) -> None:
        """x[index] += values, where an element that is named twice is added to twice."""
        _check_writeable(x)
        self.xp.add.at(x, index, values)

    @kernel("indexing")
    def scatter(self, x: Any, axis: int, index: Any, values: Any, out: Any = None) -> Any:
        """Elements, or a number, put where `index` says along an axis."""
        self.check_index(x, axis, index)
        result = _target(x, out)
        result[self.positions(index, axis)] = values
        return result

    @kernel("indexing")
    def scatter_add(self, x: Any, axis: int, index: Any, values: Any, out: Any = None) -> Any:
        self.check_index(x, axis, index)
        result = _target(x, out)
        self.add_at(result, self.positions(index, axis), values)
        return result

    @kernel("indexing")
    def scatter_reduce(
        self, x: Any, axis: int, index: Any, values: Any, reduce: str, include_self: bool,
        out: Any = None,
    ) -> Any:  # fmt: skip
        """Elements put together where `index` says, by "prod", "amax" or "amin"."""
        self.check_index(x, axis, index)
        result = _target(x, out)
        if not include_self:
            result[self.positions(index, axis)] = _NEUTRAL[reduce](x.dtype)
        function = getattr(self.xp, _FUNCTIONS[reduce])
        if self.is_host:
            _check_writeable(result)
            function.at(result, self.positions(index, axis), values)
            return result
        for i in range(index.shape[axis]):  # in one slice no place comes twice
            part = (slice(None),) * axis + (slice(i, i + 1),)
            places = self.positions(index[part], axis)
            result[places] = function(result[places], values[part])
        return result

    @kernel("indexing")
    def index_add(self, x: Any, axis: int, index: Any, values: Any, out: Any = None) -> Any:
        """Slices added to those of an axis that a vector names."""
        self.check_index(x, axis, index)
        result = _target(x, out)
        self.add_at(result, (slice(None),) * axis + (index,), values)
        return result

    @kernel("indexing")
    def index_copy(self, x: Any, axis: int, index: Any, values: Any, out: Any = None) -> Any:
        """Slices, or a number, in the places of those of an axis that a vector names."""
        self.check_index(x, axis, index)
        result = _target(x, out)
        result[(slice(None),) * axis + (index,)] = values
        return result


def _check_writeable(x: Any) -> None:
    """NumPy's `ufunc.at` is its only way to write what is read-only."""
    if not getattr(x.flags, "writeable", True):  # of NumPy's arrays alone
        raise ValueError("output array is read-only")


def _target(x: Any, out: Any) -> Any:
    """What is changed: x itself, where it is the output, or a copy."""
    if out is None:
        return x.copy()
    if out is not x:
        out[...] = x
    return out


def _end(dtype: Any, which: str) -> Any:
    """The smallest or largest value of a dtype."""
    category = category_of(dtype)
    if category == FLOATING:
        return math.inf if which == "max" else -math.inf
    if category == BOOL:
        return which == "max"
    return getattr(np.iinfo(dtype), which)
