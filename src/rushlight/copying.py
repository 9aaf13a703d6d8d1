"""Copies of memory that several arrays share: once, with the same places in it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np


def copy_in_memory(array: Any, memo: dict[int, Any]) -> Any:
    """A copy of a host array's whole memory, seen as the array sees it; None where it cannot be.

    `memo` is `copy.deepcopy`'s, so that two arrays of one memory share that of their copies.

    >>> import copy
    >>> import rushlight as torch
    >>> x = torch.zeros(3)
    >>> whole, part = copy.deepcopy([x, x[1:]])
    >>> part[0] = 7
    >>> whole
    tensor([0., 7., 0.])
    """
    if type(array) is not np.ndarray:
        return None
    owner = array
    while (below := _below(owner)) is not None:
        owner = below
    copied = copy.deepcopy(owner, memo)
    if copied.strides != owner.strides or owner.nbytes == 0:  # with gaps between its elements
        return None
    offset = _address(array) - _address(owner)
    memory = copied.ravel("K").view(np.uint8)
    return np.ndarray(array.shape, array.dtype, memory, offset, array.strides)


def _below(array: Any) -> Any:
    """The array whose memory another one sees. NumPy's `as_strided` puts an object in between."""
    base = array.base
    if type(base) is not np.ndarray:
        base = getattr(base, "base", None)
    return base if type(base) is np.ndarray else None


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
