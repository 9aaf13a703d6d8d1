"""An array library as strict as CuPy, on NumPy's arrays: what fails on a GPU fails here.

- Nothing is converted to or from NumPy by itself: `__array__` raises, and so does a NumPy array or
  a list as an operand. Numbers are operands.
- No value is read by itself: `bool`, `int`, `float`, `item`, iteration raise. `get` reads.
- Transfers are counted, in both directions. What needs a value of the array to know the size of its
  result (a mask as an index, `nonzero`, `unique`) counts as one to the host.
- Functions exist where CuPy 14 has them, with CuPy's parameters: no `where=` for ufuncs, no
  `stable=` for sorting, no `casting=` where it has none (`FUNCTIONS`; tests/test_strict_device.py
  holds the list against CuPy where that is installed).
- An array without dimensions has no axis 0 to reduce along; NumPy lets it pass.
- Results are arrays, also those without dimensions. Arrays used as indices wrap around where they
  are out of range: CuPy does not look.
- An array belongs to one of several devices; one that meets another, or that is not on the current
  device, raises. (CuPy reads the other device's memory if the hardware can, and warns.)
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..dtype import BOOL, category_of

UNARY = """
    abs absolute arccos arccosh arcsin arcsinh arctan arctanh bitwise_not cbrt ceil conjugate cos
    cosh exp exp2 expm1 fabs floor invert isfinite isinf isnan log log10 log1p log2 logical_not
    negative positive reciprocal
    rint sign signbit sin sinh sqrt square tan tanh trunc
""".split()
BINARY = """
    add arctan2 bitwise_and bitwise_or bitwise_xor copysign divide equal floor_divide fmax fmin
    fmod gcd greater greater_equal hypot lcm ldexp left_shift less less_equal logaddexp
    logaddexp2 logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal
    power remainder right_shift subtract true_divide
""".split()
# These give float32 for bfloat16 in CuPy 14.
WIDE_BFLOAT16 = ("where", "tril", "triu")
SPECIAL = """
    digamma entr erf erfc erfcx erfinv gammaln i0 i0e i1 i1e j0 j1 log_ndtr logit ndtr ndtri y0 y1
""".split()
SPECIAL_2 = "gammainc gammaincc xlog1py xlogy zeta".split()
_UFUNC_OPTIONS = ("out", "casting", "dtype")

# Per function its parameters in CuPy's order; those after `*` by name alone.
FUNCTIONS = {
    "frexp": "x",
    "all": "a axis out keepdims", "any": "a axis out keepdims",
    "amax": "a axis out keepdims", "amin": "a axis out keepdims",
    "max": "a axis out keepdims", "min": "a axis out keepdims",
    "sum": "a axis dtype out keepdims", "mean": "a axis dtype out keepdims",
    "prod": "a axis dtype out keepdims", "var": "a axis dtype out ddof keepdims",
    "argmax": "a axis * out keepdims", "argmin": "a axis * out keepdims",
    "cumsum": "a axis dtype out", "cumprod": "a axis dtype out",
    "count_nonzero": "a axis",
    "argsort": "a axis kind", "sort": "a axis kind",
    "searchsorted": "a v side sorter", "bincount": "x weights minlength", "lexsort": "keys",
    "clip": "a a_min a_max out", "where": "condition x y",
    "matmul": "x1 x2 * out", "dot": "a b out", "tensordot": "a b axes", "vdot": "a b",
    "concatenate": "tup axis out", "stack": "tup axis out",
    "expand_dims": "a axis", "squeeze": "a axis", "moveaxis": "a source destination",
    "swapaxes": "a axis1 axis2", "transpose": "a axes", "reshape": "a newshape order",
    "flip": "a axis", "roll": "a shift axis", "tile": "A reps", "repeat": "a repeats axis",
    "pad": "array pad_width mode constant_values", "tril": "m k", "triu": "m k",
    "take": "a indices axis out", "take_along_axis": "a indices axis",
    "copyto": "dst src casting where", "ascontiguousarray": "a dtype",
    "empty_like": "prototype dtype order * shape", "full_like": "a fill_value dtype order",
    "ones_like": "a dtype order", "zeros_like": "a dtype order",
}  # fmt: skip
CREATION = {
    "arange": "start stop step dtype", "empty": "shape dtype order",
    "eye": "N M k dtype order", "full": "shape fill_value dtype order",
    "linspace": "start stop num endpoint retstep dtype axis",
    "ones": "shape dtype order", "zeros": "shape dtype order",
}  # fmt: skip
SIZED_BY_VALUES = {
    "nonzero": "a", "argwhere": "a",
    "unique": "ar return_index return_inverse return_counts axis",
}  # fmt: skip
FOURIER = {name: ["a", "n", "axis", "norm"] for name in ("fft", "ifft", "rfft", "irfft")} | {
    name: ["a", "s", "axes", "norm"] for name in ("fftn", "ifftn", "rfftn", "irfftn")
}
SORTS = ("sort", "argsort", "lexsort")
CONSTANTS = ("inf", "nan", "pi", "e", "newaxis", "iinfo", "finfo", "dtype")
# NumPy's names for these parameters.
_RENAMED = {"newshape": "shape"}


def _method(name: str) -> Any:
    """A method that is the module's function `name`, of the array and the other arguments."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.module, name)(self, *args, **kwargs)

    return method


def _operator(name: str) -> Any:
    """The operator that is the module's function `name`."""

    def operator(self: Any, other: Any) -> Any:
        return getattr(self.module, name)(self, other)

    return operator


def _reflected(name: str) -> Any:
    """The same with the array on the right."""

    def operator(self: Any, other: Any) -> Any:
        return getattr(self.module, name)(other, self)

    return operator


def _inplace(name: str) -> Any:
    """The same with the result in the array's memory."""

    def operator(self: Any, other: Any) -> Any:
        return getattr(self.module, name)(self, other, out=self)

    return operator


class ndarray:
    """An array of one device. `ArrayModule` makes a class of its own from it."""

    __slots__ = ("_data", "base", "device", "__weakref__")
    module: ArrayModule

    _data: np.ndarray[Any, Any]
    base: ndarray | None
    device: Device

    def __init__(self, data: Any, device: Device, base: ndarray | None = None) -> None:
        data = np.asarray(data)
        if category_of(data.dtype) is None:
            raise ValueError(f"Unsupported dtype {data.dtype}")
        self._data = data
        self.device = device
        self.base = base

    shape = property(lambda self: self._data.shape)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    dtype = property(lambda self: self._data.dtype)
    itemsize = property(lambda self: self._data.itemsize)
    nbytes = property(lambda self: self._data.nbytes)
    strides = property(lambda self: self._data.strides)
    flags = property(lambda self: self._data.flags)
    data = property(lambda self: SimpleNamespace(ptr=self._data.__array_interface__["data"][0]))
    T = property(lambda self: self.transpose())
    real = property(lambda self: self._view(self._data.real))
    imag = property(lambda self: self._view(self._data.imag))

    def __len__(self) -> int:
        return len(self._data)

    def __repr__(self) -> str:
        return f"<strict array of {self.dtype}{list(self.shape)} on device {self.device.id}>"

    # ---- what reads values

    def get(self) -> np.ndarray[Any, Any]:
        """The values in a NumPy array of their own: a transfer to the host."""
        self.module.transfers.to_host += 1
        return self._data.copy()

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a host value is not allowed. Please use `.get()` to construct "
            "a NumPy array explicitly."
        )

    __array__ = __bool__ = __int__ = __float__ = __complex__ = __index__ = _refuse
    __iter__ = item = tolist = tobytes = __array_function__ = __array_ufunc__ = _refuse

    # ---- views and copies

    def _view(self, data: Any) -> Any:
        """The result of an indexing or reshaping, which may be a copy."""
        if data is self._data:
            return self
        if data.base is None or not np.may_share_memory(data, self._data):
            return type(self)(data, self.device)
        return type(self)(data, self.device, self if self.base is None else self.base)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        return self._view(self._data.reshape(*shape, order=order))

    def transpose(self, *axes: Any) -> Any:
        return self._view(self._data.transpose(*axes))

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        return self._view(self._data.swapaxes(axis1, axis2))

    def squeeze(self, axis: Any = None) -> Any:
        return self._view(self._data.squeeze(axis))

    def view(self, dtype: Any = None) -> Any:
        return self._view(self._data.view() if dtype is None else self._data.view(dtype))

    def ravel(self, order: Any = "C") -> Any:
        return self._view(self._data.ravel(order))

    def flatten(self, order: Any = "C") -> Any:
        return self._view(self._data.flatten(order))

    def copy(self, order: Any = "C") -> Any:
        return type(self)(self.module.bare(self).copy(order), self.device)

    def astype(self, dtype: Any, order: Any = "K", *, copy: bool = True) -> Any:
        with np.errstate(invalid="ignore"):
            return self._view(self.module.bare(self).astype(dtype, order, copy=copy))

    def fill(self, value: Any) -> None:
        self.module.bare(self).fill(self.module.bare(value))

    def __getitem__(self, index: Any) -> Any:
        bare = self.module.bare_index(self, index)
        found = self._data[bare]
        if isinstance(found, np.generic):  # CuPy gives a view: there are no scalars on a device
            found = self._data[(*bare, Ellipsis)]
        return self._view(found)

    def __setitem__(self, index: Any, value: Any) -> None:
        bare = self.module.bare_index(self, index)
        if not isinstance(value, ndarray) and any(isinstance(p, np.ndarray) for p in bare):
            self.module.transfers.to_device += 1  # a number goes there as an array
        self.module.bare(self)[bare] = self.module.bare(value)

    # ---- methods that are functions of the module, too

    sum, mean, prod, var = map(_method, ("sum", "mean", "prod", "var"))
    all, any, max, min = map(_method, ("all", "any", "max", "min"))
    argmax, argmin, argsort = map(_method, ("argmax", "argmin", "argsort"))
    cumsum, nonzero, take, clip = map(_method, ("cumsum", "nonzero", "take", "clip"))

    # ---- operators

    _arithmetic = ("add", "subtract", "multiply", "true_divide", "floor_divide", "remainder",
                   "power", "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift",
                   "right_shift")  # fmt: skip
    (__add__, __sub__, __mul__, __truediv__, __floordiv__, __mod__, __pow__, __and__, __or__,
     __xor__, __lshift__, __rshift__) = map(_operator, _arithmetic)  # fmt: skip
    (__radd__, __rsub__, __rmul__, __rtruediv__, __rfloordiv__, __rmod__, __rpow__, __rand__,
     __ror__, __rxor__, __rlshift__, __rrshift__) = map(_reflected, _arithmetic)  # fmt: skip
    (__iadd__, __isub__, __imul__, __itruediv__, __ifloordiv__, __imod__, __ipow__, __iand__,
     __ior__, __ixor__, __ilshift__, __irshift__) = map(_inplace, _arithmetic)  # fmt: skip
    __matmul__, __rmatmul__ = _operator("matmul"), _reflected("matmul")
    __eq__, __ne__, __lt__ = map(_operator, ("equal", "not_equal", "less"))
    __le__, __gt__, __ge__ = map(_operator, ("less_equal", "greater", "greater_equal"))
    __hash__ = object.__hash__

    def __neg__(self) -> Any:
        return self.module.negative(self)

    def __abs__(self) -> Any:
        return self.module.absolute(self)

    def __invert__(self) -> Any:
        return self.module.invert(self)

    del _arithmetic


class Device:
    """One of a module's devices; `with device:` makes it the current one."""

    def __init__(self, module: ArrayModule, id: int) -> None:
        self.module = module
        self.id = id

    def __enter__(self) -> Device:
        self.module.entered.append(self.id)
        return self

    def __exit__(self, *error: object) -> None:
        self.module.entered.pop()


class ArrayModule:
    """The functions: what stands in for `cupy`."""

    def __init__(self, name: str, devices: int) -> None:
        self.__name__ = name
        self.transfers = SimpleNamespace(to_device=0, to_host=0)
        self.entered = [0]  # the current device is the last
        self.devices = [Device(self, i) for i in range(devices)]
        self.ndarray: Any = type("ndarray", (ndarray,), {"__slots__": (), "module": self})
        for name in UNARY:
            setattr(self, name, self._function(name, ["x"], _UFUNC_OPTIONS))
        for name in BINARY:
            setattr(self, name, self._function(name, ["x1", "x2"], _UFUNC_OPTIONS))
        for functions in (FUNCTIONS, CREATION):
            for name, parameters in functions.items():
                setattr(self, name, self._function(name, *_split(parameters)))
        for name, parameters in SIZED_BY_VALUES.items():
            setattr(self, name, self._sized_by_values(name, *_split(parameters)))
        for name in CONSTANTS:
            setattr(self, name, getattr(np, name))
        self.ogrid = _OpenGrid(self)
        self.lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=self._as_strided))
        self.fft = self._functions_of("numpy.fft", FOURIER)
        self.add.at = self._add_at

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"module 'cupy' has no attribute '{name}', or rushlight/testing/strict_array.py does "
            "not list it yet"
        )

    @property
    def current(self) -> Device:
        return self.devices[self.entered[-1]]

    def asarray(self, a: Any, dtype: Any = None, order: Any = None) -> Any:
        if isinstance(a, ndarray):
            return a._view(np.asarray(self.bare(a), dtype, order))
        self.transfers.to_device += 1
        return self.ndarray(np.array(a, dtype, order=order or "C"), self.current)

    array = asarray

    def put_along_axis(self, arr: Any, indices: Any, values: Any, axis: int) -> None:
        np.put_along_axis(self.bare(arr), self.bare(indices), self.bare(values), axis)

    def broadcast_to(self, array: Any, shape: Any) -> Any:
        bare = self.bare(array)
        strides = np.broadcast_to(bare, shape).strides  # CuPy's view can be written to
        return array._view(np.lib.stride_tricks.as_strided(bare, shape, strides))

    def _as_strided(self, x: Any, shape: Any = None, strides: Any = None) -> Any:
        return x._view(np.lib.stride_tricks.as_strided(self.bare(x), shape, strides))

    def _add_at(self, a: Any, indices: Any, b: Any) -> None:
        if a.dtype.name not in ("int32", "uint32", "uint64", "float16", "float32", "float64"):
            raise TypeError(
                "scatter_add only supports int32, float16, float32, float64, uint32, uint64, as "
                "data type"
            )
        np.add.at(self.bare(a), self.bare_index(a, indices), self.bare(b))

    # ---- the way in and out

    def special(self) -> Any:
        """What CuPy has of SciPy's special functions."""
        names = {name: ["x"] for name in SPECIAL} | {name: ["a", "b"] for name in SPECIAL_2}
        return self._functions_of("scipy.special", names, ("out",))

    def _functions_of(self, module: str, names: dict[str, Any], named: Any = ()) -> Any:
        library = importlib.import_module(module)
        found = {n: self._function(n, p, named, library) for n, p in names.items()}
        return SimpleNamespace(**found)

    def _function(
        self, name: str, positional: list[str], named: Any = (), library: Any = np
    ) -> Any:
        original = getattr(library, name)
        allowed = {*positional, *named}

        def function(*args: Any, **kwargs: Any) -> Any:
            _check_parameters(name, args, kwargs, positional, allowed)
            if named is _UFUNC_OPTIONS and any(isinstance(v, (list, tuple)) for v in args):
                raise TypeError(f"Unsupported type {list} as an operand of {name}")
            if name == "take":
                kwargs["mode"] = "wrap"
            axis = kwargs.get("axis")
            if axis not in (None, ()) and getattr(args[0], "ndim", None) == 0:
                raise np.exceptions.AxisError(axis, 0)
            if library is np and positional[0] == "a" and not isinstance(args[0], ndarray):
                raise TypeError(f"{name} takes an array, not {type(args[0]).__name__}")
            if name in SORTS and args[0].dtype.name == "bfloat16":
                raise NotImplementedError("Sorting arrays with dtype 'bfloat16' is not supported")
            bare = [self.bare(v) for v in args]
            options = {_RENAMED.get(k, k): self.bare(v) for k, v in kwargs.items()}
            with np.errstate(all="ignore"):
                result = original(*bare, **options)
            if name in WIDE_BFLOAT16 and result.dtype.name == "bfloat16":
                result = result.astype("float32")
            out = kwargs.get("out")
            return out if out is not None else self._wrapped(result, (*args, *kwargs.values()))

        function.__name__ = name
        return function

    def _sized_by_values(self, name: str, positional: list[str], named: Any = ()) -> Any:
        function = self._function(name, positional, named)

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.transfers.to_host += 1
            return function(*args, **kwargs)

        return counted

    def _wrapped(self, result: Any, arguments: Any) -> Any:
        if isinstance(result, (tuple, list)):
            return type(result)(self._wrapped(part, arguments) for part in result)
        if not isinstance(result, (np.ndarray, np.generic)):
            return result
        data = np.asarray(result)
        for argument in arguments:
            if isinstance(argument, ndarray):
                view = argument._view(data)
                if view is argument or view.base is not None:
                    return view
        return self.ndarray(data, self.current)

    def bare(self, value: Any) -> Any:
        """An argument as NumPy takes it."""
        if isinstance(value, ndarray):
            if type(value) is not self.ndarray:
                raise TypeError(f"Unsupported type {type(value)}")
            if value.device is not self.current:
                raise ValueError(
                    f"The device where the array resides ({value.device.id}) is different from the "
                    f"current device ({self.current.id})."
                )
            return value._data
        if isinstance(value, np.ndarray):
            raise TypeError(f"Unsupported type {type(value)}")
        if isinstance(value, (tuple, list)):
            return type(value)(self.bare(part) for part in value)
        return value

    def bare_index(self, array: ndarray, index: Any) -> tuple[Any, ...]:
        """An index as NumPy takes it, arrays wrapped around and masks counted."""
        index = index if isinstance(index, tuple) else (index,)
        parts = []
        axis = 0
        for part in index:
            if isinstance(part, (list, np.ndarray)):
                raise TypeError(f"Unsupported type {type(part)} as an index")
            if part is Ellipsis:
                axis = array.ndim - _axes_after(index)
            elif isinstance(part, ndarray):
                self.bare(array)
                part = self.bare(part)
                if category_of(part.dtype) == BOOL:
                    self.transfers.to_host += 1
                    axis += part.ndim
                else:
                    if axis < array.ndim and array.shape[axis]:
                        part = part % array.shape[axis]
                    axis += 1
            elif part is not None:
                axis += 1
            parts.append(part)
        return tuple(parts)

    @contextmanager
    def counted(self) -> Iterator[SimpleNamespace]:
        """The transfers of the `with` block alone: `.to_device` and `.to_host`."""
        before = self.transfers
        self.transfers = SimpleNamespace(to_device=0, to_host=0)
        try:
            yield self.transfers
        finally:
            for name, count in vars(self.transfers).items():
                setattr(before, name, getattr(before, name) + count)
            self.transfers = before


class _OpenGrid:
    def __init__(self, module: ArrayModule) -> None:
        self.module = module

    def __getitem__(self, key: Any) -> Any:
        return self.module._wrapped(np.ogrid[key], ())


def _split(parameters: str) -> tuple[list[str], list[str]]:
    """The parameters that may be given by their place, and those by name alone."""
    positional, _, named = parameters.partition(" * ")
    return positional.split(), named.split()


def _check_parameters(name: str, args: Any, kwargs: Any, positional: Any, allowed: Any) -> None:
    if len(args) > len(positional):
        raise TypeError(
            f"{name}() takes {len(positional)} positional arguments but {len(args)} were given"
        )
    for keyword in kwargs:
        if keyword not in allowed:
            raise TypeError(f"{name}() got an unexpected keyword argument '{keyword}'")


def _axes_after(index: tuple[Any, ...]) -> int:
    """How many axes the parts of an index behind its ellipsis take."""
    places = [i for i, part in enumerate(index) if part is Ellipsis]
    rest = [part for part in index[places[0] + 1 :] if part is not None]
    masks = [p for p in rest if isinstance(p, ndarray) and category_of(p.dtype) == BOOL]
    return len(rest) - len(masks) + sum(mask.ndim for mask in masks)
