"""The limits of the dtypes: `torch.finfo` and `torch.iinfo`."""

from __future__ import annotations

from typing import Any

import ml_dtypes

from .dtype import COMPLEX, FLOATING, INTEGER, NamedDtype, as_dtype, get_default_dtype
from .dtype import dtype as DType
from .errors import NotSupportedError


class _Limits:
    """What both have: the dtype's name, its size in bits, its least and its greatest number."""

    __slots__ = ("dtype", "bits", "min", "max")

    dtype: str
    bits: int
    min: Any
    max: Any
    _shown: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.dtype == getattr(other, "dtype", None)

    __hash__ = None  # type: ignore[assignment]  # as PyTorch's

    def __repr__(self) -> str:
        values = "".join(f"{name}={getattr(self, name):g}, " for name in self._shown)
        return f"{type(self).__name__}({values}dtype={self.dtype})"


def _check(name: str, type: Any) -> None:
    if not isinstance(type, DType):
        raise TypeError(
            f"{name}(): argument 'type' (position 1) must be torch.dtype, not "
            f"{type.__class__.__name__}"
        )


class finfo(_Limits):
    """The limits of a floating dtype, the default one if none is given; of a complex one's parts.

    `eps` is the distance from 1 to the next number, `smallest_normal` (`tiny`) the least number of
    full precision, `resolution` the distance of decimal fractions that stay apart.

    Raises TypeError for the other dtypes.

    >>> import rushlight as torch
    >>> torch.finfo(torch.bfloat16).max
    3.3895313892515355e+38
    """

    __slots__ = ("eps", "tiny", "smallest_normal", "resolution")

    eps: float
    tiny: float
    smallest_normal: float
    resolution: float
    _shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type: Any = None) -> None:
        kind = get_default_dtype() if type is None else as_dtype(type)
        _check("finfo", kind)
        if kind.category not in (FLOATING, COMPLEX):
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                f"'{kind}'"
            )
        kind = kind.to_real()
        narrow = isinstance(kind, NamedDtype)
        if kind.name == "float4_e2m1fn_x2":  # two numbers each
            raise NotSupportedError(f"torch.finfo() is not implemented for {kind}")
        info = ml_dtypes.finfo(getattr(ml_dtypes, kind.name) if narrow else kind.numpy)
        self.dtype, self.bits = kind.name, 8 * kind.itemsize
        self.min, self.max, self.eps = float(info.min), float(info.max), float(info.eps)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = 1.0 if narrow else 10.0**-info.precision


class iinfo(_Limits):
    """The limits of an integer dtype. TypeError for the others.

    >>> import rushlight as torch
    >>> torch.iinfo(torch.int16)
    iinfo(min=-32768, max=32767, dtype=int16)
    """

    __slots__ = ()
    _shown = ("min", "max")

    def __init__(self, type: Any) -> None:
        type = as_dtype(type)
        _check("iinfo", type)
        if type.category in (FLOATING, COMPLEX):
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'"
            )
        if type.category != INTEGER:
            raise TypeError(f"{type} is not supported by torch.iinfo")
        self.dtype, self.bits = type.name, 8 * type.itemsize
        self.max = (1 << self.bits - type.is_signed) - 1
        self.min = -self.max - 1 if type.is_signed else 0
