"""Python numbers that meet a tensor: arithmetic wraps what its dtype cannot hold, fills refuse it.

NumPy has one rule for both, an OverflowError for whole numbers and infinity for others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dtype import BOOL, COMPLEX, FLOATING, HALVES, INTEGER, bfloat16, category_of, float16
from .dtype import dtype as DType
from .errors import OperationError
from .type_info import finfo, iinfo


def number(value: Any) -> Any:
    """A parameter as a number of Python's: the precision of NumPy's would be the result's.

    OverflowError for a whole number that neither int64 nor uint64 holds.
    """
    if isinstance(value, np.generic):
        return value.item()
    if value.__class__ is int and not -(2**63) <= value < 2**64:
        raise OverflowError(
            "can't convert negative int to unsigned" if value < 0 else "int too big to convert"
        )
    return value


def wrapped(value: Any, numpy_type: np.dtype[Any]) -> Any:
    """A whole number as arithmetic with an array of this type takes it: modulo 2 ** its bits.

    OverflowError for what neither int64 nor uint64 holds. Other numbers stay what they are.

    >>> import numpy as np
    >>> from rushlight.scalars import wrapped
    >>> wrapped(-1, np.dtype("uint8")), wrapped(200, np.dtype("int8"))
    (255, -56)
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        return value
    value = number(value)
    if category_of(numpy_type) == INTEGER:
        return _modulo(value, numpy_type)
    return float(value)  # ml_dtypes takes no whole numbers beyond int64


def checked(value: Any, numpy_type: np.dtype[Any]) -> Any:
    """A number as the element of an array of this type that is filled with it.

    RuntimeError unless it is in the type's range. An unsigned type takes whole numbers down to that
    of its greatest, negated, modulo; a float infinity and nan; a real one complex numbers that are.

    >>> import numpy as np
    >>> from rushlight.scalars import checked
    >>> checked(-1, np.dtype("uint8"))
    255
    >>> checked(1e9, np.dtype("float16"))
    Traceback (most recent call last):
    rushlight.errors.OperationError: value cannot be converted to type c10::Half without overflow
    """
    low, high = _ranges[numpy_type]
    try:
        if low <= value <= high:
            if value.__class__ is int and not -(2**63) <= value < 2**64:
                raise OverflowError("int too big to convert")
            return value
    except TypeError:  # complex numbers have no order
        pass
    return _unusual(value, numpy_type)


def assigned(value: Any, numpy_type: np.dtype[Any]) -> Any:
    """`checked` where a number stands in an element's place: it becomes infinite among halves."""
    try:
        return checked(value, numpy_type)
    except OperationError:
        if numpy_type not in HALVES or isinstance(value, complex):
            raise
        return math.copysign(math.inf, value)


def _unusual(value: Any, numpy_type: np.dtype[Any]) -> Any:
    value = number(value)
    category = category_of(numpy_type)
    if category == BOOL:
        return bool(value)
    if category == COMPLEX:
        low, high = _ranges[numpy_type]
        value = complex(value)
        parts = (value.real, value.imag)
        if all(low <= part <= high or not math.isfinite(part) for part in parts):
            return value
    elif isinstance(value, (complex, np.complexfloating)):
        if value.imag == 0:
            return checked(value.real, numpy_type)
    elif category == FLOATING:
        if not math.isfinite(value):
            return value
    elif isinstance(value, (int, np.integer)) and 0 < -value <= _ranges[numpy_type][1]:
        if numpy_type.kind == "u":
            return _modulo(value, numpy_type)
    raise OperationError(
        f"value cannot be converted to type {_c_name(numpy_type)} without overflow"
    )


def _modulo(value: Any, numpy_type: np.dtype[Any]) -> int:
    bits = 8 * numpy_type.itemsize
    value = int(value) & (1 << bits) - 1
    return value - (1 << bits) if numpy_type.kind == "i" and value >> bits - 1 else value


def check_range(array: np.ndarray[Any, Any], kind: DType) -> None:
    """Checks the numbers of a program that become elements of a whole dtype, as `checked` does.

    PyTorch names the dtype here.
    """
    if array.size:
        least, most = np.asarray([array.min(), array.max()]).tolist()
        try:
            checked(least, kind.numpy)
            checked(most, kind.numpy)
        except OperationError:
            raise OperationError(
                f"value cannot be converted to type {kind.name} without overflow"
            ) from None


def _range(numpy_type: np.dtype[Any]) -> tuple[Any, Any]:
    category = category_of(numpy_type)
    if category == BOOL:
        return -math.inf, math.inf
    kind = DType.from_numpy(numpy_type)
    info = iinfo(kind) if category == INTEGER else finfo(kind)
    return info.min, info.max


class _Ranges(dict[Any, Any]):
    def __missing__(self, numpy_type: np.dtype[Any]) -> tuple[Any, Any]:
        found = self[numpy_type] = _range(numpy_type)
        return found


_ranges = _Ranges()


def _c_name(numpy_type: np.dtype[Any]) -> str:
    """How PyTorch's errors name a type: by what it is in C++."""
    names = {
        float16.numpy.name: "c10::Half", bfloat16.numpy.name: "c10::BFloat16", "float32": "float",
        "float64": "double", "complex64": "c10::complex<float>",
        "complex128": "c10::complex<double>", "int32": "int",
    }  # fmt: skip
    return names.get(numpy_type.name, numpy_type.name + "_t")
