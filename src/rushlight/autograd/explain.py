"""PyTorch's errors for what kernels refuse: the operation, the shapes that met, the likely fix."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any

from ..dtype import dtype as DType
from ..dtype import title_of
from ..errors import OperationError, shapes, unmade
from ..kernels.launch import kernels as kernel_tables
from ..tensor import Tensor

# What NumPy says of a result that the array it is to be written into does not hold.
_CAST = re.compile(r"output from dtype\('(\w+)'\) to dtype\('(\w+)'\)")


def explain(name: str, error: Exception, arrays: Any) -> Exception:
    """PyTorch's error for what an array library's kernel refused."""
    if isinstance(error, OperationError):
        return error
    impossible = unmade(name, error, told_sizes(arrays))
    if impossible is not None:
        return impossible
    if isinstance(error, KeyError):
        given = error.args[0] if error.args else None
        if isinstance(given, type) and given not in kernel_tables:  # no table of kernels for it
            return TypeError(f"{name}(): argument 'input' must be Tensor, not {given.__name__}")
        return error  # a kernel's own fault
    uncast = _CAST.search(str(error))
    if uncast:
        result, wanted = (title_of(DType.from_numpy(name)) for name in uncast.groups())
        return OperationError(
            f"{name}: result type {result} can't be cast to the desired output type {wanted}"
        )
    if is_library_type_error(error):
        return invalid_combination(name, arrays)
    if isinstance(error, OverflowError):
        return OverflowError(f"{name}: {error}")
    tensors = [a for a in arrays if type(a) in kernel_tables]
    devices = list(dict.fromkeys(str(kernel_tables[type(a)].device_of(a)) for a in tensors))
    if len(devices) > 1:
        devices.sort(key=lambda name: name == "cpu")  # PyTorch names the host last
        return OperationError(
            f"{name}: Expected all tensors to be on the same device, but found at least two "
            f"devices, {' and '.join(devices[:2])}! Move one with .to(device)."
        )
    mismatch = _broadcast_mismatch(tensors)
    if "broadcast" in str(error) and mismatch:
        return OperationError(f"{name}: {mismatch}")
    if "read-only" in str(error):
        return OperationError(
            f"{name}: the tensor's memory is read-only, as that of the array or buffer is that it "
            "was made from; clone() it first"
        )
    return OperationError(f"{name}: {error} (shapes {shapes(*tensors)})")


def is_library_type_error(error: Exception) -> bool:
    """Whether an array library found no way to compute with the types that it was given."""
    return isinstance(error, TypeError) and type(error).__module__.partition(".")[0] == "numpy"


def invalid_combination(name: str, arguments: Any) -> TypeError:
    """PyTorch's error for arguments none of whose types are asked for."""
    given = ["Tensor" if type(a) in kernel_tables else type(a).__name__ for a in arguments]
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({', '.join(given)})"
    )


def told_sizes(arguments: Any) -> str:
    """The shapes and numbers that an operation was given, for a message."""
    told = []
    for value in arguments:
        shape = getattr(value.array if isinstance(value, Tensor) else value, "shape", None)
        if shape is not None:
            told.append(f"a tensor of sizes {list(shape)}")
        elif type(value) is int or type(value) in (tuple, list) and all(
            type(v) is int for v in value
        ):
            told.append(str(value if type(value) is int else list(value)))
    return ", ".join(told) or "the result"


def _broadcast_mismatch(arrays: Any) -> str | None:
    """PyTorch's sentence for the first two shapes that do not broadcast."""
    for a, b in combinations([tuple(x.shape) for x in arrays], 2):
        rank = max(len(a), len(b))
        left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
        for dim in reversed(range(rank)):
            if left[dim] != right[dim] and 1 not in (left[dim], right[dim]):
                return (
                    f"The size of tensor a ({left[dim]}) must match the size of tensor b "
                    f"({right[dim]}) at non-singleton dimension {dim} (shapes {a} and {b})"
                )
    return None
