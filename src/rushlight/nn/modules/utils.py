"""Sizes given once for all dimensions or once per dimension."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Takes a prefix off the keys of a state, in place, for instance a `DataParallel`'s "module.".

    >>> from rushlight.nn.modules.utils import consume_prefix_in_state_dict_if_present
    >>> state = {"module.weight": 1}
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'weight': 1}
    """
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", {})  # whose keys are paths of modules
    for key in [key for key in metadata if f"{key}.".startswith(prefix)]:
        metadata[f"{key}.".removeprefix(prefix).removesuffix(".")] = metadata.pop(key)


def ntuple(value: Any, n: int) -> tuple[Any, ...]:
    """`value` n times, or its own entries if it has some.

    >>> from rushlight.nn.modules.utils import ntuple
    >>> ntuple(3, 2), ntuple((1, 2), 2)
    ((3, 3), (1, 2))
    """
    return tuple(value) if isinstance(value, Iterable) else (value,) * n


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    def parse(value: Any) -> tuple[Any, ...]:
        return ntuple(value, n)

    parse.__name__ = name
    return parse


# PyTorch's names for these, which programs import.
_single = _ntuple(1, "_single")
_pair = _ntuple(2, "_pair")
_triple = _ntuple(3, "_triple")
_quadruple = _ntuple(4, "_quadruple")


def _reverse_repeat_tuple(t: tuple[Any, ...], n: int) -> tuple[Any, ...]:
    """The entries from the last on, each n times: padding as `functional.pad` takes it."""
    return tuple(entry for entry in reversed(t) for _ in range(n))


def _list_with_default(out_size: list[int] | int, defaults: list[int]) -> list[int] | int:
    """Sizes, with those of an input in the places of None."""
    if isinstance(out_size, int):
        return out_size
    if len(defaults) <= len(out_size):
        raise ValueError(f"Input dimension should be at least {len(out_size) + 1}")
    last = defaults[-len(out_size) :]
    return [d if size is None else size for size, d in zip(out_size, last, strict=True)]


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """What a layer's own `**kwargs` say of where and how to make its tensors.

    `device`, `dtype` and `memory_format` are taken, by name or in a dictionary `factory_kwargs`;
    TypeError for other names, and for one that is given twice.

    >>> from rushlight import nn
    >>> nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": None}})
    {'dtype': None, 'device': 'cpu'}
    """
    given = dict(kwargs or {})
    found = dict(given.pop("factory_kwargs", {}))
    unknown = given.keys() - {"device", "dtype", "memory_format"}
    if unknown:
        raise TypeError(f"unexpected kwargs {unknown}")
    for name, value in given.items():
        if name in found:
            raise TypeError(f"{name} specified twice, in **kwargs and in factory_kwargs")
        found[name] = value
    return found
