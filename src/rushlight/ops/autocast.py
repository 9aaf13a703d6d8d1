"""What an entry does with its arguments within `torch.autocast`, by the policy that it declares.

- "lower": computed in the context's dtype, which halves the bytes and suits matrix units;
- "float32": computed in float32, as sums and logarithms lose too much in 8 or 11 bits;
- "widest": computed in the widest dtype among the arguments;
- "given": computed in the dtypes that are given, whatever functions it is made of.

Functions without a policy compute in the dtypes that they are given. float64 is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autocast_state import state, suspended
from ..dtype import dtype as DType
from ..dtype import float32, float64
from ..errors import OperationError
from ..grad_mode import state as grad_mode
from ..kernels import launch
from ..tensor import Tensor

POLICIES = ("lower", "float32", "widest", "given")


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An entry's function, its arguments cast by its policy where autocast is on."""
    policy = getattr(function, "autocast", None)
    if state.is_suspended or policy is None:
        return function.plain(*args, **kwargs)
    dtype = {} if policy == "given" else _dtype_of(policy, (args, kwargs))
    with suspended():
        args, kwargs = _cast(args, dtype), _cast(kwargs, dtype)
        return function.plain(*args, **kwargs)


def _dtype_of(policy: str, arguments: Any) -> dict[str, DType]:
    """The dtype that floating-point tensors get, by the kinds of device that autocast is on for."""
    chosen = {}
    for kind in (kind for kind, enabled in state.enabled.items() if enabled):
        lower = state.dtypes[kind]
        chosen[kind] = float32 if policy == "float32" else lower
        if policy == "widest":
            for dtype in {t.dtype for t in _tensors(arguments) if t.device.type == kind}:
                if dtype is float32:
                    chosen[kind] = float32
                elif dtype.is_floating_point and dtype not in (lower, float64):
                    raise OperationError(
                        f"autocast: {dtype} and {lower} have no common dtype; convert with .float()"
                    )
    return chosen


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from _tensors(value)
    elif isinstance(values, dict):
        yield from _tensors(list(values.values()))


def _cast(value: Any, dtypes: dict[str, DType]) -> Any:
    """Tensors in the dtypes of their devices, also those in lists; all else as it is."""
    if isinstance(value, Tensor):
        dtype = dtypes.get(value.device.type)
        has = value.dtype
        if dtype is None or has is dtype or not has.is_floating_point or has is float64:
            return value
        return _cast_once(value, dtype)
    if type(value) in (tuple, list):
        return type(value)([_cast(part, dtypes) for part in value])
    if type(value) is dict:
        return {name: _cast(part, dtypes) for name, part in value.items()}
    return value


def _cast_once(tensor: Tensor, dtype: DType) -> Tensor:
    """A tensor in another dtype; a parameter is cast once in a context.

    A record casts each time: it would hold the values of its recording.
    """
    is_parameter = (
        tensor.requires_grad and tensor.is_leaf and tensor.dtype is float32 and dtype is not float32
    )
    if not is_parameter or not state.cache_enabled or launch.recorder is not None:
        return tensor.to(dtype)
    key = (id(tensor), grad_mode.enabled)
    known = state.cache.get(key)
    if known is None or known[1].dtype is not dtype:
        known = state.cache[key] = (tensor, tensor.to(dtype))
    return known[1]
