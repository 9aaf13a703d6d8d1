"""Data types, their categories and the promotion of one to another, as PyTorch defines them."""

from __future__ import annotations

import builtins
import functools
from typing import Any

import ml_dtypes
import numpy as np

from .errors import NotSupportedError

# From narrow to wide. From FLOATING on, a tensor may require gradients.
BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:
    """The type of a tensor's elements.

    >>> import rushlight as torch
    >>> torch.float32.itemsize, torch.float32.is_floating_point
    (4, True)
    >>> torch.promote_types(torch.uint8, torch.int8)
    torch.int16
    """

    __slots__ = ("name", "numpy", "category", "itemsize")

    name: str
    numpy: np.dtype[Any]
    category: builtins.int
    itemsize: builtins.int

    def __init__(self, name: str, numpy_type: Any, category: builtins.int) -> None:
        self.name = name
        self.numpy = np.dtype(numpy_type)
        self.category = category
        self.itemsize = self.numpy.itemsize

    @property
    def is_floating_point(self) -> builtins.bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> builtins.bool:
        return self.category == COMPLEX

    @property
    def is_signed(self) -> builtins.bool:
        return self.category != BOOL and self.numpy.kind != "u"

    def to_real(self) -> dtype:
        """The dtype of the real parts: itself, unless it is complex.

        >>> import rushlight as torch
        >>> torch.complex64.to_real(), torch.int8.to_real()
        (torch.float32, torch.int8)
        """
        return _real_of.get(self, self)

    def to_complex(self) -> dtype:
        """The complex dtype whose parts hold this one's values; RuntimeError for whole numbers.

        >>> import rushlight as torch
        >>> torch.float64.to_complex()
        torch.complex128
        """
        if self.category == COMPLEX:
            return self
        if self.category != FLOATING:
            raise RuntimeError(f"Unknown Complex ScalarType for {self.name}")
        return _complex_of[self]

    @staticmethod
    def from_numpy(numpy_type: Any) -> dtype:
        """The dtype of an array's elements; TypeError where tensors have no such type."""
        found = _by_numpy.get(numpy_type)
        if found is None:  # what names a type, such as np.float32
            found = _by_numpy.get(np.dtype(numpy_type))
        if found is None:
            kind = np.dtype(numpy_type).type
            raise TypeError(
                f"can't convert np.ndarray of type {kind.__module__}.{kind.__name__}. The only "
                "supported types are: "
                + ", ".join(sorted(d.name for d in _by_numpy.values()))
                + "."
            )
        return found

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class NamedDtype(dtype):
    """A dtype that programs name and look at, and of which there are no tensors here.

    >>> import rushlight as torch
    >>> torch.float8_e4m3fn.itemsize
    1
    """

    __slots__ = ()

    def __init__(self, name: str) -> None:
        self.name = name
        self.category = FLOATING
        self.itemsize = 1

    @property
    def numpy(self) -> Any:  # type: ignore[override]  # what everything that makes a tensor reads
        raise NotSupportedError(f"there are no tensors of {self}; torch.bfloat16 is the nearest")

    @property
    def is_signed(self) -> builtins.bool:
        return self.name != "float8_e8m0fnu"


uint8 = dtype("uint8", np.uint8, INTEGER)
int8 = dtype("int8", np.int8, INTEGER)
int16 = short = dtype("int16", np.int16, INTEGER)
int32 = int = dtype("int32", np.int32, INTEGER)
int64 = long = dtype("int64", np.int64, INTEGER)
uint16 = dtype("uint16", np.uint16, INTEGER)
uint32 = dtype("uint32", np.uint32, INTEGER)
uint64 = dtype("uint64", np.uint64, INTEGER)
float16 = half = dtype("float16", np.float16, FLOATING)
bfloat16 = dtype("bfloat16", ml_dtypes.bfloat16, FLOATING)
float32 = float = dtype("float32", np.float32, FLOATING)
float64 = double = dtype("float64", np.float64, FLOATING)
complex64 = cfloat = dtype("complex64", np.complex64, COMPLEX)
complex128 = cdouble = dtype("complex128", np.complex128, COMPLEX)
bool = dtype("bool", np.bool_, BOOL)
float8_e4m3fn = NamedDtype("float8_e4m3fn")
float8_e4m3fnuz = NamedDtype("float8_e4m3fnuz")
float8_e5m2 = NamedDtype("float8_e5m2")
float8_e5m2fnuz = NamedDtype("float8_e5m2fnuz")
float8_e8m0fnu = NamedDtype("float8_e8m0fnu")
float4_e2m1fn_x2 = NamedDtype("float4_e2m1fn_x2")

_by_python_type = {
    builtins.bool: bool, builtins.int: int64, builtins.float: float64,
    builtins.complex: complex128,
}  # fmt: skip

# What kernels compute in float32 and round once.
HALVES = {float16.numpy, bfloat16.numpy}

_all = (uint8, int8, int16, int32, int64, uint16, uint32, uint64,
        float16, bfloat16, float32, float64, complex64, complex128, bool)  # fmt: skip
_by_numpy = {d.numpy: d for d in _all}
_default = float32
_complex_of = {
    float16: complex64, bfloat16: complex64, float32: complex64, float64: complex128,
}  # fmt: skip
_real_of = {complex64: float32, complex128: float64}

def with_own_dtype(array: Any) -> Any:
    """The array, seen with the dtype object that others of its dtype have, too.

    Unpickling makes an equal one; operations tell by identity what has nothing to promote.
    """
    own = _by_numpy[array.dtype].numpy
    return array if array.dtype is own else array.view(own)


# The category of an array's dtype, None where no tensor has such elements. NumPy's `kind` does not
# know: bfloat16's is "V". A look-up takes as long as reading `kind` does.
category_of = {d.numpy: d.category for d in _all}.get


def get_default_dtype() -> dtype:
    """The dtype of tensors that are made of Python's floats: float32 unless it was set.

    >>> import rushlight as torch
    >>> torch.get_default_dtype()
    torch.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Sets the floating dtype of literals and of factory functions; TypeError if not floating.

    >>> import rushlight as torch
    >>> torch.set_default_dtype(torch.float64)
    >>> torch.tensor(0.5).dtype
    torch.float64
    >>> torch.set_default_dtype(torch.float32)
    """
    global _default
    if not isinstance(d, dtype) or d.category != FLOATING:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    _default = d


@functools.cache
def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that both convert to by PyTorch's rules (int64 and float16: float16).

    RuntimeError for uint16, uint32 and uint64 with other integers, booleans and complex numbers.

    >>> import rushlight as torch
    >>> torch.promote_types(torch.int8, torch.uint8)
    torch.int16
    """
    if type1 is type2 and isinstance(type1, dtype):
        return type1
    type1, type2 = as_dtype(type1), as_dtype(type2)
    for name, given in (("type1", type1), ("type2", type2)):
        if not isinstance(given, dtype):
            raise TypeError(
                f"promote_types(): argument '{name}' must be torch.dtype, not "
                f"{type(given).__name__}"
            )
    low, high = sorted((type1, type2), key=lambda d: d.category)
    if high.category != FLOATING and {type1, type2} & {uint16, uint32, uint64}:
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{type1.name} and {type2.name}; convert one of them first"
        )
    if high.category == COMPLEX and low.category == FLOATING:
        low = _complex_of[low]
    if low.category < high.category:
        return high
    if {low, high} == {float16, bfloat16}:
        return float32
    if {low, high} == {uint8, int8}:
        return int16
    return low if low.itemsize > high.itemsize else high if high.itemsize > low.itemsize else (
        low if low.is_signed else high
    )


def as_dtype(value: Any) -> Any:
    """The dtype that one of Python's types stands for, as an argument; anything else as it is.

    >>> from rushlight.dtype import as_dtype
    >>> as_dtype(type(1.0)), as_dtype(type(1j))
    (torch.float64, torch.complex128)
    """
    return _by_python_type.get(value, value) if type(value) is type else value


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Whether PyTorch's rules let a result of one dtype be stored as another: no category is lost.

    >>> import rushlight as torch
    >>> torch.can_cast(torch.float64, torch.bfloat16), torch.can_cast(torch.float32, torch.int64)
    (True, False)
    """
    return from_.category <= to.category


def scalar_dtype(value: Any) -> dtype:
    """The dtype a Python number stands for when no tensor has a say."""
    if isinstance(value, (_python_bool, np.bool_)):
        return bool
    if isinstance(value, (_python_int, np.integer)):
        return int64
    if isinstance(value, (_python_float, np.floating)):
        return _default
    if isinstance(value, (complex, np.complexfloating)):
        return _complex_of[_default]
    raise TypeError(f"expected a number, got {type(value).__name__}")


def title_of(d: dtype) -> str:
    """How PyTorch's messages call a dtype: Float for float32."""
    titles = {"int64": "Long", "int32": "Int", "float32": "Float", "float64": "Double"}
    return titles.get(d.name, d.name.capitalize())


def combine(high: dtype | None, low: dtype | None) -> dtype | None:
    """Promotes across priorities: tensors with dimensions over 0-d tensors over numbers.

    The lower one counts only where its category is above the higher one's.
    """
    if high is None or low is None:
        return high or low
    if high.category >= low.category:
        return high
    if low.category == COMPLEX and high.category == FLOATING:
        return _complex_of[high]
    return low


# This module shadows four builtins with PyTorch's names; these are the originals.
_python_bool, _python_int, _python_float = builtins.bool, builtins.int, builtins.float
