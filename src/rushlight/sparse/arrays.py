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
    them, and no memory in which each element has a place. In-place operations give it other parts.
    """

    __slots__ = ("indices", "values", "shape", "is_coalesced", "__weakref__")

    layout: Layout = sparse_coo
    # NumPy's functions refuse it: they would make an array of one object of it.
    __array_ufunc__ = None
    base = None
    strides: tuple[int, ...] = ()

    def __init__(
        self, indices: Any, values: Any, shape: tuple[int, ...], is_coalesced: bool
    ) -> None:
        self.indices = indices
        self.values = values
        self.shape = shape
        self.is_coalesced = is_coalesced

    def like(self, values: Any) -> SparseArray:
        """Other values in the same places."""
        return SparseArray(self.indices, values, self.shape, self.is_coalesced)

    def take(self, other: Any) -> None:
        """Becomes what another array is, which whoever shares this one sees."""
        self.indices, self.values = other.indices, other.values
        self.shape, self.is_coalesced = other.shape, other.is_coalesced

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


class CompressedArray(SparseArray):
    """Elements row by row (`sparse_csr`) or column by column (`sparse_csc`).

    `starts` (n + 1) says where in `values` each of the n rows begins, and the last one ends;
    `indices` (nnz) is the column of each value. For columns it is the other way round. It is
    coalesced if the columns of each row are in order, and each there once.
    """

    __slots__ = ("starts", "layout")

    def __init__(
        self, starts: Any, indices: Any, values: Any, shape: tuple[int, ...], layout: Layout,
        is_coalesced: bool,
    ) -> None:  # fmt: skip
        super().__init__(indices, values, shape, is_coalesced)
        self.starts = starts
        self.layout = layout  # type: ignore[misc]  # of the instance here, and of the class there

    def like(self, values: Any) -> CompressedArray:
        return CompressedArray(
            self.starts, self.indices, values, self.shape, self.layout, self.is_coalesced
        )

    def take(self, other: Any) -> None:
        super().take(other)
        self.starts, self.layout = other.starts, other.layout  # type: ignore[misc]

    @property
    def nbytes(self) -> int:
        return super().nbytes + self.starts.nbytes


_kernels = kernels_of(Base)


class SparseTable:
    """What the engine asks of sparse arrays. Operations are composed of dense ones (`answers`), so
    that any other kernel is one that nobody has composed for them."""

    array_type = SparseArray
    is_host = False

    def __getattr__(self, name: str) -> Any:
        if name not in _kernels:
            raise AttributeError(name)

        def refuse(x: Any, *arguments: Any) -> Any:
            raise not_there(name, getattr(x, "layout", sparse_coo))

        return refuse

    def device_of(self, x: SparseArray) -> Any:
        return launch.plain_tables[type(x.values)].device_of(x.values)

    def owns_memory(self, x: SparseArray) -> bool:
        return False


def not_there(name: str, layout: Layout) -> NotSupportedError:
    return NotSupportedError(
        f"{name}: not implemented for tensors of layout {layout}; x.to_dense() makes a dense one"
    )


for _kind in (SparseArray, CompressedArray):
    launch.kernels[_kind] = launch.plain_tables[_kind] = SparseTable()
