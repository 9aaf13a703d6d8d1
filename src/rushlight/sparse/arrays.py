"""Arrays that hold only the elements that are given, and what the engine asks of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NotSupportedError
from ..kernels import launch
from ..kernels.base import Base
from ..kernels.declaration import kernels_of
from ..layout import layout as Layout
from ..layout import sparse_coo


class SparseArray:
    """Elements by their coordinates: `indices` is (sparse_dim, nnz), `values` (nnz, *dense shape).

    It is what a sparse tensor's `array` is: it has a shape and a dtype, as the engine asks for
    them, and no memory in which each element has a place.
    """

    __slots__ = ("indices", "values", "shape", "is_coalesced", "__weakref__")

    layout: Layout = sparse_coo
    # NumPy's functions refuse it: they would make an array of one object of it.
    __array_ufunc__ = None
    base = None

    def __init__(
        self, indices: Any, values: Any, shape: tuple[int, ...], is_coalesced: bool
    ) -> None:
        self.indices = indices
        self.values = values
        self.shape = shape
        self.is_coalesced = is_coalesced

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        total = 1
        for n in self.shape:
            total *= n
        return total

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    @property
    def itemsize(self) -> int:
        return self.values.itemsize

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.indices.nbytes

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("can't convert a sparse tensor to numpy; x.to_dense() makes a dense one")


_kernels = kernels_of(Base)


class SparseTable:
    """What the engine asks of sparse arrays. Operations are composed of dense ones (`answers`), so
    that any other kernel is one that nobody has composed for them."""

    array_type = SparseArray
    is_host = False

    def __getattr__(self, name: str) -> Any:
        if name not in _kernels:
            raise AttributeError(name)

        def refuse(*arguments: Any) -> Any:
            raise not_there(name, "sparse")

        return refuse

    def device_of(self, x: SparseArray) -> Any:
        return launch.kernels[type(x.values)].device_of(x.values)

    def owns_memory(self, x: SparseArray) -> bool:
        return False


def not_there(name: str, layout: str) -> NotSupportedError:
    return NotSupportedError(
        f"{name}: not implemented for tensors of layout {layout}; x.to_dense() makes a dense one"
    )


launch.kernels[SparseArray] = launch.plain_tables[SparseArray] = SparseTable()
