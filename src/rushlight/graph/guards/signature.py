"""What calls that one record serves have in common: the key that records are kept under."""

from __future__ import annotations

from array import array as array_type
from typing import Any

import numpy as np

from ...device import device
from ...dtype import dtype
from ...layout import layout, memory_format
from ...nn.parameter import Buffer
from ...tensor import Tensor
from ..errors import CaptureError

# Of these, what is equal is the same; other objects stand for themselves.
_VALUES = {int, bool, str, bytes, type(None), frozenset, device, dtype, layout, memory_format}


def signature(value: Any, tensors: list[Tensor]) -> Any:
    """What a call's arguments have in common with those that the same record serves.

    The tensors among them are appended to `tensors`.
    """
    kind = type(value)
    if kind is Tensor or isinstance(value, Tensor):
        tensors.append(value)
        array = value.array
        # A parameter may be reached by the function in other ways, too, and a class of the user's
        # may add anything: their records are their own.
        own: Any = None if kind is Tensor or kind is Buffer else _Same(value)
        hooks = value._hooks or value._post_accumulate_hooks
        return (type(array), array.shape, array.strides, array.dtype, value.requires_grad,
                value._grad_fn is None, own, hooks and tuple(hooks))  # fmt: skip
    if kind is tuple or kind is list:
        return (kind, *[signature(part, tensors) for part in value])
    if kind in _VALUES:
        return (kind, value)
    # What the class of a list or a dictionary adds to it is the object's own.
    own = _Same(value) if getattr(value, "__dict__", None) else None
    if isinstance(value, (tuple, list)):
        return (kind, own, *[signature(part, tensors) for part in value])
    if isinstance(value, dict):
        return (kind, own, *[
            (signature(key, tensors), signature(part, tensors)) for key, part in value.items()
        ])  # fmt: skip
    if kind is slice:
        return (slice, *[signature(p, tensors) for p in (value.start, value.stop, value.step)])
    if kind is float:
        return (float, value.hex())  # 0.0 equals -0.0, and NaN not even itself
    if kind is complex:
        return (complex, repr(value))
    if isinstance(value, np.generic):
        return (kind, value.tobytes())
    if isinstance(value, (set, bytearray, memoryview, array_type, np.ndarray)):
        raise CaptureError(
            f"an argument of type {type(value).__name__} may change without being another; pass "
            "its data as tensors"
        )
    return (kind, _Same(value))


class _Same:
    """Makes an object equal to itself alone, whatever it says; and keeps it, and so its id."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def sharing(tensors: list[Tensor]) -> tuple[int, ...]:
    """Which arguments are one, or share an array or a version: for each the first that does."""
    if len(tensors) < 2:
        return ()
    arrays = [id(tensor.array) for tensor in tensors]
    counters = [id(tensor if t is None else t) for tensor in tensors for t in [tensor._counter]]
    own = list(map(id, tensors))
    return tuple([ids.index(one) for ids in (own, arrays, counters) for one in ids])
