"""The constructors of one dtype that programs used before `torch.tensor`: `FloatTensor` and others.

They are types that tensors of their dtype are instances of, wherever else these come from.
"""

from __future__ import annotations

from typing import Any

from . import cuda
from .dtype import (
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from .dtype import bool as bool_
from .dtype import dtype as DType
from .ops.copies import type_name
from .ops.from_data import legacy_tensor
from .tensor import Tensor

_NAMES = {
    "FloatTensor": float32, "DoubleTensor": float64, "HalfTensor": float16,
    "BFloat16Tensor": bfloat16, "ByteTensor": uint8, "CharTensor": int8,
    "ShortTensor": int16, "IntTensor": int32, "LongTensor": int64,
    "BoolTensor": bool_,
}  # fmt: skip


class tensortype(type):
    """The type of `FloatTensor` and its like.

    >>> import rushlight as torch
    >>> torch.FloatTensor([1, 2])
    tensor([1., 2.])
    >>> isinstance(torch.ones(2), torch.FloatTensor), torch.LongTensor(2, 3).shape
    (True, torch.Size([2, 3]))
    """

    dtype: DType
    is_cuda = False
    is_sparse = False

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and type_name(instance) == str(cls)

    def __call__(cls, *data: Any, **options: Any) -> Tensor:
        if cls.is_cuda:
            if not cuda.is_available():
                raise TypeError(
                    f"type {cls} not available. Torch not compiled with CUDA enabled."
                )
            return legacy_tensor(Tensor, data, cls.dtype, **options).cuda()
        return legacy_tensor(Tensor, data, cls.dtype, **options)

    def __str__(cls) -> str:
        return f"{cls.__module__}.{cls.__name__}"

    def __repr__(cls) -> str:
        return f"<class '{cls}'>"


def _made(name: str) -> Any:
    return tensortype(name, (), {"__module__": "torch", "dtype": _NAMES[name]})


FloatTensor, DoubleTensor = _made("FloatTensor"), _made("DoubleTensor")
HalfTensor, BFloat16Tensor = _made("HalfTensor"), _made("BFloat16Tensor")
ByteTensor, CharTensor = _made("ByteTensor"), _made("CharTensor")
ShortTensor, IntTensor = _made("ShortTensor"), _made("IntTensor")
LongTensor, BoolTensor = _made("LongTensor"), _made("BoolTensor")


for _name, _dtype in _NAMES.items():
    _members = {"__module__": "torch.cuda", "dtype": _dtype, "is_cuda": True}
    setattr(cuda, _name, tensortype(_name, (), _members))


def set_default_tensor_type(t: Any) -> None:
    """Makes the dtype of a type such as `torch.DoubleTensor`, or of its name, the default one.

    >>> import rushlight as torch
    >>> torch.set_default_tensor_type("torch.DoubleTensor")
    >>> torch.tensor(0.5).dtype
    torch.float64
    >>> torch.set_default_tensor_type("torch.FloatTensor")
    """
    kind = _NAMES.get(str(t).removeprefix("torch."))
    if kind is None:
        raise TypeError(f"invalid type object: only floating-point types are supported, not {t!r}")
    set_default_dtype(kind)
