"""An array without elements: sizes, strides, a dtype, and the place in a memory that is not there.

Views follow NumPy's rules for strides, so that what is a view of an array on the CPU is one here,
and what shares memory there is known to share it here. What computes gives a new array;
`meta_library.py` has the functions.
"""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..dtype import BOOL, COMPLEX, category_of
from .base.memory_order import owner_of

_memories = itertools.count(1)
LIMIT = 2**63  # bytes that a memory must stay below, as everywhere


def _method(name: str) -> Any:
    """A method that is the library's function of that name."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.library, name)(self, *args, **kwargs)

    return method


class MetaArray(NDArrayOperatorsMixin):
    """What stands for an array of `shape` and `dtype`; `strides` and `offset` are in bytes."""

    __slots__ = ("shape", "strides", "offset", "dtype", "base", "memory", "__weakref__")

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    dtype: np.dtype[Any]
    base: MetaArray | None
    memory: int  # which of all that are not there
    library: Any  # the functions; set by their module

    def __init__(
        self, shape: Any, dtype: Any, strides: Any = None, offset: int = 0, base: Any = None
    ) -> None:
        self.shape = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype = np.dtype(dtype)
        self.strides = dense_strides(self.shape, self.itemsize) if strides is None else strides
        self.offset = offset
        if base is not None:
            self.base = owner_of(base)
            self.memory = base.memory
            return
        self.base = None
        self.memory = next(_memories)
        if self.nbytes >= LIMIT:
            raise ValueError("array is too big")

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def flags(self) -> SimpleNamespace:
        return SimpleNamespace(c_contiguous=self._is_dense(), f_contiguous=self.T._is_dense())

    def _is_dense(self) -> bool:
        expected = dense_strides(self.shape, self.itemsize)
        sizes = zip(self.shape, self.strides, expected, strict=True)
        return self.size == 0 or all([n == 1 or have == want for n, have, want in sizes])

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<meta array of {self.dtype}{list(self.shape)}>"

    def __reduce__(self) -> tuple[Any, ...]:
        from .meta import restored  # which makes the device known where this is read

        return restored, (self.shape, self.dtype, self.strides, self.offset)

    # ---- what reads values

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    def _refuse_beside(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("arrays with and without elements do not meet")

    __bool__ = __int__ = __float__ = __complex__ = __index__ = _refuse
    __iter__ = item = tolist = tobytes = _refuse
    __array__ = __array_function__ = _refuse_beside  # NumPy's functions of both kinds ask these

    # ---- functions

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "at":
            x, index, *values = inputs
            if values:
                x[index] = values[0]
            return None
        out = options.pop("out", None)
        return Elementwise(function)(*inputs, out=None if out is None else out[0], **options)

    sum, mean, prod, var, any, all, max, min = map(
        _method, ("sum", "mean", "prod", "var", "any", "all", "max", "min")
    )
    argmax, argmin, argsort, cumsum, nonzero, take, clip = map(
        _method, ("argmax", "argmin", "argsort", "cumsum", "nonzero", "take", "clip")
    )

    # ---- views

    def part(self, shape: Any, strides: Any, offset: int = 0, dtype: Any = None) -> MetaArray:
        """A view; `offset` counts from where this array begins."""
        kind = self.dtype if dtype is None else dtype
        return MetaArray(shape, kind, tuple(strides), self.offset + offset, self)

    @property
    def T(self) -> MetaArray:
        return self.part(self.shape[::-1], self.strides[::-1])

    def transpose(self, *axes: Any) -> MetaArray:
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        if not order:
            return self if order == () and self.ndim == 0 else self.T
        order = [axis % self.ndim for axis in order]
        return self.part([self.shape[i] for i in order], [self.strides[i] for i in order])

    def swapaxes(self, axis1: int, axis2: int) -> MetaArray:
        order = list(range(self.ndim))
        order[axis1], order[axis2] = order[axis2], order[axis1]
        return self.transpose(order)

    def squeeze(self, axis: Any = None) -> MetaArray:
        asked = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        gone = {a % self.ndim for a in asked if self.shape[a] == 1}
        kept = [i for i in range(self.ndim) if i not in gone]
        return self.part([self.shape[i] for i in kept], [self.strides[i] for i in kept])

    def reshape(self, *shape: Any, order: str = "C") -> MetaArray:
        """A view where strides can say it, else a new array."""
        sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        sizes = _completed(tuple(sizes), self.size)
        strides = _reshaped_strides(self.shape, self.strides, sizes, self.itemsize)
        return MetaArray(sizes, self.dtype) if strides is None else self.part(sizes, strides)

    def ravel(self, order: str = "C") -> MetaArray:
        return self.reshape(-1)

    def flatten(self, order: str = "C") -> MetaArray:
        return MetaArray((self.size,), self.dtype)

    def view(self, dtype: Any = None) -> MetaArray:
        kind = self.dtype if dtype is None else np.dtype(dtype)
        if kind.itemsize == self.itemsize or not self.shape:
            return self.part(self.shape, self.strides, 0, kind)
        last = self.shape[-1] * self.itemsize // kind.itemsize
        return self.part((*self.shape[:-1], last), (*self.strides[:-1], kind.itemsize), 0, kind)

    @property
    def real(self) -> MetaArray:
        return self._half(0)

    @property
    def imag(self) -> MetaArray:
        return self._half(1)

    def _half(self, number: int) -> MetaArray:
        if category_of(self.dtype) != COMPLEX:
            return self
        dtype = np.empty(0, self.dtype).real.dtype
        return self.part(self.shape, self.strides, number * dtype.itemsize, dtype)

    def __getitem__(self, index: Any) -> MetaArray:
        index = index if isinstance(index, tuple) else (index,)
        if any(isinstance(part, (MetaArray, np.ndarray, list)) for part in index):
            return MetaArray(picked_shape(self, index), self.dtype)
        shape: list[int] = []
        strides: list[int] = []
        offset = 0
        for part, axis in _by_axis(index, self.ndim):
            if part is None:
                shape.append(1)
                strides.append(0)
                continue
            size, stride = self.shape[axis], self.strides[axis]
            if isinstance(part, slice):
                places = range(size)[part]
                shape.append(len(places))
                strides.append(stride * places.step)
                offset += stride * places.start if len(places) else 0
            else:
                if not -size <= part < size:
                    raise IndexError(
                        f"index {part} is out of bounds for axis {axis} with size {size}"
                    )
                offset += stride * (part % size)
        return self.part(shape, strides, offset)

    # ---- writes, which check sizes alone

    def __setitem__(self, index: Any, value: Any) -> None:
        index = index if isinstance(index, tuple) else (index,)
        if any(is_mask(part) for part in index):
            return  # how much is written depends on values
        place = self[index].shape
        shape = getattr(value, "shape", ())
        extra = max(len(shape) - len(place), 0)
        if shape[:extra] == (1,) * extra:  # which NumPy takes, too
            shape = shape[extra:]
        if np.broadcast_shapes(shape, place) != place:
            raise ValueError(
                f"could not broadcast input array from shape {shape} into shape {place}"
            )

    def fill(self, value: Any) -> None:
        pass

    # ---- new arrays

    def copy(self, order: str = "C") -> MetaArray:
        return self.astype(self.dtype, order)

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> MetaArray:
        dtype = np.dtype(dtype)
        if not copy and dtype == self.dtype:
            return self
        if order != "K":
            return MetaArray(self.shape, dtype)
        return in_order_of(self, dtype)


def dense_strides(shape: tuple[int, ...], step: int) -> tuple[int, ...]:
    strides = []
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(strides[::-1])


def in_order(shape: tuple[int, ...], dtype: Any, axes: Any) -> MetaArray:
    """A dense new array whose axes follow each other in memory as `axes`, the outermost first."""
    dtype = np.dtype(dtype)
    dense = dense_strides(tuple([shape[axis] for axis in axes]), dtype.itemsize)
    steps = dict(zip(axes, dense, strict=True))
    return MetaArray(shape, dtype, tuple([steps[axis] for axis in range(len(shape))]))


def in_order_of(x: MetaArray, dtype: Any) -> MetaArray:
    """A dense new array in x's memory order."""
    if x._is_dense():
        return MetaArray(x.shape, dtype)
    return in_order(x.shape, dtype, sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis])))


def is_mask(part: Any) -> bool:
    return isinstance(part, (MetaArray, np.ndarray)) and category_of(part.dtype) == BOOL


def _by_axis(index: tuple[Any, ...], ndim: int) -> list[tuple[Any, int]]:
    """The parts of an index, each with the axis that it is for; what is not named is a slice."""
    named = sum(part is not None and part is not Ellipsis for part in index)
    if named > ndim:
        raise IndexError(f"too many indices: an array of {ndim} axes is given {named}")
    rest = [slice(None)] * (ndim - named)
    at = next((i for i, part in enumerate(index) if part is Ellipsis), len(index))
    result = []
    axis = 0
    for part in (*index[:at], *rest, *index[at + 1 :]):
        result.append((part, axis))
        axis += part is not None
    return result


def picked_shape(x: MetaArray, index: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of x[index] where some parts are arrays of whole numbers."""
    arrays: list[tuple[int, ...]] = []
    places = []  # in the result's shape, where the arrays' axes may go
    rest: list[int] = []
    parts = _by_axis(index, x.ndim)
    numbers = []
    for number, (part, axis) in enumerate(parts):
        if is_mask(part):
            raise NotImplementedError(
                "aten::nonzero: attempted to run this operator with Meta tensors, but how many "
                "elements a mask names depends on values, of which they have none"
            )
        if part is None:
            rest.append(1)
        elif isinstance(part, slice):
            rest.append(len(range(x.shape[axis])[part]))
        else:
            arrays.append(np.shape(part) if isinstance(part, list) else getattr(part, "shape", ()))
            places.append(len(rest))
            numbers.append(number)
    together = np.broadcast_shapes(*arrays)
    adjacent = numbers[-1] - numbers[0] == len(numbers) - 1
    start = places[0] if adjacent else 0
    return (*rest[:start], *together, *rest[start:])


def _completed(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with its -1 replaced."""
    if -1 in shape:
        known = math.prod([n for n in shape if n != -1])
        shape = tuple([size // known if n == -1 else n for n in shape])
    if math.prod(shape) != size:
        raise ValueError(f"cannot reshape array of size {size} into shape {shape}")
    return shape


def _reshaped_strides(
    shape: tuple[int, ...], strides: tuple[int, ...], to: tuple[int, ...], itemsize: int
) -> tuple[int, ...] | None:
    """The strides of a view of another shape, None where there is none.

    Axes that lie one in the other are one run of elements, which new axes divide.
    """
    if 0 in shape:
        return dense_strides(to, itemsize)
    runs: list[tuple[int, int]] = []  # how many elements, and their distance
    for n, stride in zip(shape, strides, strict=True):
        if n == 1:
            continue
        if runs and runs[-1][1] == n * stride:
            runs[-1] = (runs[-1][0] * n, stride)
        else:
            runs.append((n, stride))
    result: list[int] = []
    length, stride = runs.pop() if runs else (1, itemsize)
    for n in reversed(to):
        if length == 1 and n != 1:
            if not runs:
                return None
            length, stride = runs.pop()
        if length % n:
            return None
        result.append(stride)
        length //= n
        stride *= n
    return tuple(result[::-1])


# ---- what is asked of NumPy

_MOST_AXES = 12  # of a miniature that shows its order: 4,096 elements


def miniature(x: Any) -> Any:
    """A small array of ones like x; whatever is no array without elements stays as it is."""
    if not isinstance(x, MetaArray):
        return x
    most = 2 if x.ndim <= _MOST_AXES else 1
    shape = tuple([min(n, most) for n in x.shape])
    steps = [0] * x.ndim
    step = x.itemsize
    for axis in sorted(range(x.ndim), key=lambda axis: (abs(x.strides[axis]), -axis)):
        if x.strides[axis]:
            steps[axis] = step
            step *= max(shape[axis], 1)
    small = np.ndarray(shape, x.dtype, np.empty(step, "uint8"), 0, steps)
    small[...] = 1  # for which every function is defined
    return small


def enlarged(small: Any, shape: Any) -> Any:
    """The array that NumPy's result on miniatures stands for."""
    small = np.asarray(small)
    if small.flags.c_contiguous:
        return MetaArray(shape, small.dtype)
    axes = sorted(range(small.ndim), key=lambda axis: -abs(small.strides[axis]))
    return in_order(tuple(shape), small.dtype, axes)


def shape_of(value: Any) -> tuple[int, ...]:
    return getattr(value, "shape", ())


class Elementwise:
    """A function of NumPy's that makes each element of the elements at its place."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *operands: Any, out: Any = None, **options: Any) -> Any:
        check_bare(operands)
        shape = np.broadcast_shapes(*map(shape_of, operands))
        small = [miniature(operand) for operand in operands]
        if out is not None:
            if np.broadcast_shapes(out.shape, shape) != out.shape:
                raise ValueError(f"non-broadcastable output operand with shape {out.shape} "
                                 f"doesn't match the broadcast shape {shape}")  # fmt: skip
            options["out"] = miniature(out)
        with np.errstate(all="ignore"):
            found = self.function(*small, **options)
        if out is not None:
            return out
        if isinstance(found, tuple):
            return tuple([enlarged(part, shape) for part in found])
        return enlarged(found, shape)


def check_bare(operands: Any) -> None:
    for value in operands:
        if isinstance(value, np.ndarray):
            raise TypeError("arrays with and without elements do not meet")
