"""Sizes given once for all dimensions or once per dimension."""

from __future__ import annotations

from collections.abc import Iterable
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
