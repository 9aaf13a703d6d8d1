"""Several modules called at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...cuda import is_available
from ...errors import OperationError
from ..module import Module


def parallel_apply(
    modules: Sequence[Module],
    inputs: Sequence[Any],
    kwargs_tup: Sequence[dict[str, Any]] | None = None,
    devices: Sequence[Any] | None = None,
) -> list[Any]:
    """The result of each module for its inputs, a tuple of arguments or a single one.

    One module is called after another: a GPU computes while the next is told what to do. Each
    computes where its tensors are.
    """
    named = kwargs_tup if kwargs_tup is not None else [{} for _ in modules]
    given = {"inputs": inputs, "kwargs_tup": named, "devices": devices}
    for name, values in given.items():
        if values is not None and len(values) != len(modules):
            raise AssertionError(
                f"The number of modules {len(modules)} is not equal to the number of {name} "
                f"{len(values)}"
            )
    if devices is None and not is_available():
        raise OperationError(
            "parallel_apply: cannot choose devices, as there is no GPU; call the modules themselves"
        )
    return [
        module(*(args if isinstance(args, (list, tuple)) else (args,)), **kwargs)
        for module, args, kwargs in zip(modules, inputs, named, strict=True)
    ]
