"""The functions of an array library for arrays without elements.

They have NumPy's names and parameters, and give the sizes, the dtype and the memory order that
NumPy's give. A function of elements is asked itself, on a *miniature*: an array of the same dtype
and memory order whose axes have at most two elements. That tells everything but the sizes.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np

from .meta_array import (
    Elementwise,
    MetaArray,
    check_bare,
    enlarged,
    in_order,
    in_order_of,
    miniature,
    shape_of,
)


class _Reduction:
    """A function of NumPy's that makes one element of those along axes."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(
        self, x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
        **options: Any,
    ) -> Any:  # fmt: skip
        check_bare((x,))
        if dtype is not None:
            options["dtype"] = dtype
        if keepdims:
            options["keepdims"] = True
        with np.errstate(all="ignore"):
            small = np.asarray(self.function(miniature(x), axis=axis, **options))
        if out is not None:
            out[...] = MetaArray(reduced_shape(x.shape, axis, keepdims), small.dtype)
            return out
        return enlarged(small, reduced_shape(x.shape, axis, keepdims))


def reduced_shape(shape: Any, axis: Any, keepdims: bool) -> tuple[int, ...]:
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = {axis % len(shape) for axis in axes}
    if keepdims:
        return tuple([1 if i in gone else n for i, n in enumerate(shape)])
    return tuple([n for i, n in enumerate(shape) if i not in gone])


class MetaLibrary:
    """What stands in for `numpy`: an elementwise function is NumPy's of that name."""

    __name__ = "meta"
    ndarray = MetaArray

    inf, nan, pi, e, newaxis = np.inf, np.nan, np.pi, np.e, None
    iinfo, finfo, dtype = np.iinfo, np.finfo, np.dtype

    sum, prod, mean, var = map(_Reduction, (np.sum, np.prod, np.mean, np.var))
    all, any, max, min = map(_Reduction, (np.all, np.any, np.max, np.min))
    amax, amin = max, min
    argmax, argmin = map(_Reduction, (np.argmax, np.argmin))
    count_nonzero = _Reduction(np.count_nonzero)
    where, clip = map(Elementwise, (np.where, np.clip))

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None)
        if not isinstance(function, np.ufunc):
            raise AttributeError(f"the library of arrays without elements has no '{name}'")
        return function  # which asks `__array_ufunc__` of its arguments

    # ---- made from nothing

    def empty(self, shape: Any, dtype: Any = "float64", order: str = "C") -> MetaArray:
        return MetaArray(shape, dtype)

    zeros = ones = empty

    def full(self, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C") -> MetaArray:
        return MetaArray(shape, np.asarray(fill_value).dtype if dtype is None else dtype)

    def empty_like(
        self, prototype: Any, dtype: Any = None, order: str = "K", *, shape: Any = None
    ) -> MetaArray:
        dtype = prototype.dtype if dtype is None else dtype
        if shape is None:
            return prototype.astype(dtype, order)
        return in_order_of(MetaArray(shape, dtype, prototype.strides), dtype)

    zeros_like = ones_like = empty_like

    def full_like(self, a: Any, fill_value: Any, dtype: Any = None, order: str = "K") -> MetaArray:
        return self.empty_like(a, dtype, order)

    def arange(
        self, start: Any, stop: Any = None, step: Any = 1, dtype: Any = None
    ) -> MetaArray:
        if stop is None:
            start, stop = 0, start
        kind = np.result_type(*(np.asarray(v).dtype for v in (start, stop, step)))
        count = max(math.ceil((stop - start) / step), 0)
        return MetaArray(count, kind if dtype is None else dtype)

    def linspace(self, start: Any, stop: Any, num: int = 50, dtype: Any = None) -> MetaArray:
        return MetaArray(num, np.linspace(start, stop, 1).dtype if dtype is None else dtype)

    def eye(self, N: int, M: Any = None, k: int = 0, dtype: Any = "float64") -> MetaArray:
        return MetaArray((N, N if M is None else M), dtype)

    def asarray(self, a: Any, dtype: Any = None, order: Any = None) -> MetaArray:
        if isinstance(a, MetaArray):
            return a if dtype is None else a.astype(dtype, copy=False)
        if isinstance(a, (list, tuple)):
            a = [miniature(part) for part in a]
        array = np.asarray(a, dtype)
        return MetaArray(array.shape, array.dtype)

    def array(self, a: Any, dtype: Any = None) -> MetaArray:
        return a.astype(a.dtype if dtype is None else dtype) if isinstance(a, MetaArray) else (
            self.asarray(a, dtype)
        )  # fmt: skip

    def ascontiguousarray(self, a: Any, dtype: Any = None) -> MetaArray:
        kind = a.dtype if dtype is None else np.dtype(dtype)
        if a.flags.c_contiguous and kind == a.dtype:
            return a if a.ndim else a.reshape(1)
        return MetaArray(a.shape or (1,), kind)

    @property
    def ogrid(self) -> Any:
        return _OpenGrid()

    # ---- views

    def broadcast_to(self, array: Any, shape: Any) -> MetaArray:
        shape = tuple(shape)
        if np.broadcast_shapes(array.shape, shape) != shape:
            raise ValueError(f"could not broadcast an array of shape {array.shape} to {shape}")
        new = len(shape) - array.ndim
        kept = zip(array.shape, array.strides, shape[new:], strict=True)
        strides = [stride if n == wanted else 0 for n, stride, wanted in kept]
        return array.part(shape, [0] * new + strides)

    @property
    def lib(self) -> Any:
        return SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=self._as_strided))

    def _as_strided(self, x: Any, shape: Any = None, strides: Any = None) -> MetaArray:
        strides = x.strides if strides is None else strides
        return x.part(x.shape if shape is None else shape, strides)

    def expand_dims(self, a: Any, axis: Any) -> MetaArray:
        axes = (axis,) if isinstance(axis, int) else axis
        ndim = a.ndim + len(axes)
        new = {axis % ndim for axis in axes}
        return a[tuple([None if i in new else slice(None) for i in range(ndim)])]

    def moveaxis(self, a: Any, source: Any, destination: Any) -> MetaArray:
        sources, places = (
            [axis % a.ndim for axis in ((v,) if isinstance(v, int) else v)]
            for v in (source, destination)
        )
        order = [axis for axis in range(a.ndim) if axis not in sources]
        for place, axis in sorted(zip(places, sources, strict=True)):
            order.insert(place, axis)
        return a.transpose(order)

    def swapaxes(self, a: Any, axis1: int, axis2: int) -> MetaArray:
        return a.swapaxes(axis1, axis2)

    def transpose(self, a: Any, axes: Any = None) -> MetaArray:
        return a.T if axes is None else a.transpose(axes)

    def squeeze(self, a: Any, axis: Any = None) -> MetaArray:
        return a.squeeze(axis)

    def reshape(self, a: Any, shape: Any, order: str = "C") -> MetaArray:
        return a.reshape(shape)

    def flip(self, a: Any, axis: Any = None) -> MetaArray:
        axes = range(a.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        turned = {axis % a.ndim for axis in axes}
        return a[tuple([slice(None, None, -1 if i in turned else 1) for i in range(a.ndim)])]

    # ---- copies

    def concatenate(self, tup: Any, axis: int = 0, out: Any = None) -> Any:
        check_bare(tup)
        if out is None:
            small = np.concatenate([miniature(x) for x in tup], axis)
        else:
            small = miniature(out)
        first = tup[0]
        axis %= max(first.ndim, 1)
        rest = [x.shape[:axis] + x.shape[axis + 1 :] for x in tup]
        if len(set(rest)) > 1:
            raise ValueError("all the input array dimensions except for the concatenation axis "
                             "must match exactly")  # fmt: skip
        total = sum(x.shape[axis] for x in tup)
        result = enlarged(small, (*first.shape[:axis], total, *first.shape[axis + 1 :]))
        if out is None:
            return result
        out[...] = result
        return out

    def stack(self, tup: Any, axis: int = 0, out: Any = None) -> Any:
        return self.concatenate([self.expand_dims(x, axis) for x in tup], axis, out)

    def tile(self, A: Any, reps: Any) -> MetaArray:
        reps = (reps,) if isinstance(reps, int) else tuple(reps)
        ndim = max(len(reps), A.ndim)
        shape, reps = ((1,) * (ndim - len(v)) + tuple(v) for v in (A.shape, reps))
        return MetaArray([n * m for n, m in zip(shape, reps, strict=True)], A.dtype)

    def repeat(self, a: Any, repeats: Any, axis: Any = None) -> MetaArray:
        if axis is None:
            a, axis = a.reshape(-1), 0
        many = isinstance(repeats, (list, tuple))
        count = sum(repeats) if many else a.shape[axis] * repeats
        return MetaArray((*a.shape[:axis], count, *a.shape[axis + 1 :]), a.dtype)

    def pad(
        self, array: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0
    ) -> MetaArray:
        sizes = [n + b + a for n, (b, a) in zip(array.shape, pad_width, strict=True)]
        like = in_order_of(array, array.dtype)
        axes = sorted(range(like.ndim), key=lambda axis: -like.strides[axis])
        is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        return in_order(tuple(sizes), array.dtype, axes if is_fortran else range(array.ndim))

    def tril(self, m: Any, k: int = 0) -> MetaArray:
        return in_order_of(m, m.dtype)

    triu = tril

    def copyto(self, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
        dst[...] = src

    # ---- by index

    def take(self, a: Any, indices: Any, axis: Any = None) -> MetaArray:
        if axis is None:
            return MetaArray(shape_of(indices), a.dtype)
        return MetaArray((*a.shape[:axis], *shape_of(indices), *a.shape[axis + 1 :]), a.dtype)

    def take_along_axis(self, a: Any, indices: Any, axis: int) -> MetaArray:
        axis %= a.ndim
        pairs = enumerate(zip(a.shape, indices.shape, strict=True))
        sizes = [np.broadcast_shapes((n,), (m,))[0] if i != axis else m for i, (n, m) in pairs]
        return MetaArray(sizes, a.dtype)

    def put_along_axis(self, arr: Any, indices: Any, values: Any, axis: int) -> None:
        pass

    # ---- sums of products

    def matmul(self, x1: Any, x2: Any, out: Any = None) -> Any:
        check_bare((x1, x2))
        a = x1.shape if x1.ndim > 1 else (1, *x1.shape)
        b = x2.shape if x2.ndim > 1 else (*x2.shape, 1)
        if a[-1] != b[-2]:
            raise ValueError(f"matmul: shapes {x1.shape} and {x2.shape} do not fit: "
                             f"{a[-1]} != {b[-2]}")  # fmt: skip
        batch = np.broadcast_shapes(a[:-2], b[:-2])
        rows = (a[-2],) if x1.ndim > 1 else ()
        columns = (b[-1],) if x2.ndim > 1 else ()
        one = np.zeros((1, 1), x1.dtype), np.zeros((1, 1), x2.dtype)
        result = MetaArray((*batch, *rows, *columns), np.matmul(*one).dtype)
        if out is None:
            return result
        out[...] = result
        return out

    def dot(self, a: Any, b: Any, out: Any = None) -> Any:
        return self.matmul(a, b, out)

    def vdot(self, a: Any, b: Any) -> Any:
        return self.dot(a.reshape(-1), b.reshape(-1))

    @property
    def fft(self) -> Any:
        return _Fourier()

    # ---- lines in order

    def cumsum(self, a: Any, axis: Any = None, dtype: Any = None) -> MetaArray:
        a = a.reshape(-1) if axis is None else a
        return MetaArray(a.shape, np.cumsum(np.zeros(1, a.dtype), dtype=dtype).dtype)

    cumprod = cumsum

    def argsort(self, a: Any, axis: int = -1, kind: Any = None) -> MetaArray:
        return MetaArray(a.shape, "int64")

    def sort(self, a: Any, axis: int = -1, kind: Any = None) -> MetaArray:
        return in_order_of(a, a.dtype)

    def lexsort(self, keys: Any) -> MetaArray:
        return MetaArray(keys[0].shape, "int64")

    def searchsorted(self, a: Any, v: Any, side: str = "left", sorter: Any = None) -> MetaArray:
        return MetaArray(shape_of(v), "int64")

    def bincount(self, x: Any, weights: Any = None, minlength: int = 0) -> MetaArray:
        """For numbers that are known to be below `minlength`."""
        return MetaArray(minlength, "int64" if weights is None else "float64")

    # ---- what depends on values

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    nonzero = argwhere = unique = _refuse


class _OpenGrid:
    def __getitem__(self, key: Any) -> Any:
        key = key if isinstance(key, tuple) else (key,)
        sizes = [len(range(part.start or 0, part.stop, part.step or 1)) for part in key]
        return tuple([
            MetaArray((1,) * i + (n,) + (1,) * (len(sizes) - 1 - i), "int64")
            for i, n in enumerate(sizes)
        ])  # fmt: skip


class _Fourier:
    """Of NumPy's functions of several axes; those of one axis take the same arguments."""

    def fftn(self, a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> MetaArray:
        return self._transformed(np.fft.fft, a, s, axes)

    ifftn = fft = ifft = fftn

    def rfftn(self, a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> MetaArray:
        axes = (axes,) if isinstance(axes, int) else tuple(axes)
        size = a.shape[axes[-1]] if s is None else s[-1]
        return self._transformed(np.fft.rfft, a, s, axes, size // 2 + 1)

    rfft = rfftn

    def irfftn(self, a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> MetaArray:
        return self._transformed(np.fft.irfft, a, s, axes)

    irfft = irfftn

    def _transformed(
        self, function: Any, a: Any, s: Any, axes: Any, last: int | None = None
    ) -> MetaArray:
        axes = (axes,) if isinstance(axes, int) else tuple(axes)
        sizes = (s,) if isinstance(s, int) else s
        shape = list(a.shape)
        for axis, size in zip(axes, sizes or [shape[axis] for axis in axes], strict=True):
            shape[axis] = size
        if last is not None:
            shape[axes[-1]] = last
        return MetaArray(shape, function(np.zeros(2, a.dtype)).dtype)


MetaArray.library = MetaLibrary()
