"""Arguments cut in pieces, one for each device, and results put together again."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ...device import device as Device
from ...ops.joining import cat
from ...tensor import Tensor

AnyId = int | str | Device


def device_of(place: AnyId) -> Device:
    """A device by its number among the GPUs, its name, or itself; ValueError for the CPU."""
    found = Device("cuda", place) if isinstance(place, int) else Device(place)
    if found.type == "cpu":
        raise ValueError(f"Expected a non cpu device, but got: {found}")
    return found


def scatter(inputs: Any, target_gpus: Sequence[AnyId], dim: int = 0) -> Any:
    """For each device what `inputs` are there: tensors are cut along `dim`, and moved.

    Tuples, lists and dictionaries are taken apart; anything else is the same on each device. A
    batch that is smaller than the number of devices gives fewer pieces. Gradients flow back.
    """
    places = list(target_gpus)

    def pieces(value: Any) -> Any:
        if isinstance(value, Tensor):
            parts = value.chunk(len(places), dim)
            return tuple(
                part.to(device_of(place)) for part, place in zip(parts, places, strict=False)
            )
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return [type(value)(*parts) for parts in zip(*map(pieces, value), strict=False)]
        if isinstance(value, tuple) and value:
            return list(zip(*map(pieces, value), strict=False))
        if isinstance(value, list) and value:
            return [list(parts) for parts in zip(*map(pieces, value), strict=False)]
        if isinstance(value, dict) and value:
            return [type(value)(p) for p in zip(*map(pieces, value.items()), strict=False)]
        return [value for _ in places]

    return pieces(inputs)


def scatter_kwargs(
    inputs: Any, kwargs: dict[str, Any] | None, target_gpus: Sequence[AnyId], dim: int = 0
) -> tuple[tuple[Any, ...], tuple[dict[str, Any], ...]]:
    """`scatter` of positional and named arguments, as many of the one as of the other."""
    positional = list(scatter(inputs, target_gpus, dim)) if inputs else []
    named = list(scatter(kwargs, target_gpus, dim)) if kwargs else []
    positional += [()] * (len(named) - len(positional))
    named += [{} for _ in range(len(positional) - len(named))]
    return tuple(positional), tuple(named)


def gather(outputs: Any, target_device: AnyId, dim: int = 0) -> Any:
    """The results of all devices as one, on `target_device`: tensors are joined along `dim`."""
    place = device_of(target_device)
    first = outputs[0]
    if isinstance(first, Tensor):
        if first.device.type == "cpu":
            raise AssertionError("Gather function not implemented for CPU tensors")
        if first.ndim == 0 and dim == 0:
            warnings.warn(
                "Was asked to gather along dimension 0, but all input tensors were scalars; will "
                "instead unsqueeze and return a vector.",
                stacklevel=2,
            )
            outputs = [output.unsqueeze(0) for output in outputs]
        return cat([output.to(place) for output in outputs], dim)
    if first is None:
        return None
    if isinstance(first, dict):
        if any(len(output) != len(first) for output in outputs):
            raise ValueError("All dicts must have the same number of keys")
        joined = ((key, gather([o[key] for o in outputs], place, dim)) for key in first)
        return type(first)(joined)
    parts = [gather(list(part), place, dim) for part in zip(*outputs, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
