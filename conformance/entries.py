"""The database's entries: their names, their samples, and Rushlight's function for each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from types import FunctionType
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db
from translate import title

import rushlight


def name_of(op: Any) -> str:
    return op.name + (f"[{op.variant_test_name}]" if op.variant_test_name else "")


@cache
def entries() -> dict[str, Any]:
    return {name_of(op): op for op in op_db}


def ours(op: Any) -> Any:
    """Rushlight's function for an entry, None where there is none."""
    if is_of_database(op.op):
        return rebased(op.op)
    for path in (op.name, getattr(op.op, "__name__", op.name)):
        target: Any = rushlight
        for part in path.split("."):
            target = getattr(target, part, None)
        if target is not None and not isinstance(target, rushlight.dtype):
            return target
        if hasattr(rushlight.Tensor, path):
            return getattr(rushlight.Tensor, path)
    return None


def our_variant(op: Any, theirs: Any) -> Any:
    """Rushlight's function for a method, an in-place form or an operator of an entry."""
    if is_of_database(theirs):
        return rebased(theirs)
    if isinstance(theirs, partial):  # a function of nn.functional with inplace=True
        return partial(ours(op), *theirs.args, **theirs.keywords)
    if theirs is op.operator_variant or theirs is op.inplace_operator_variant:
        return theirs  # of Python's module `operator`
    return getattr(rushlight.Tensor, theirs.__name__, None)


def is_of_database(function: Any) -> bool:
    return getattr(function, "__module__", "").startswith("torch.testing") and isinstance(
        function, FunctionType
    )


def rebased(function: FunctionType) -> FunctionType:
    """A function of the database whose `torch` is Rushlight."""
    values = {**function.__globals__, "torch": rushlight, "wrapper_set_seed": _seeded}
    made = FunctionType(
        function.__code__, values, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _seeded(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The database's `wrapper_set_seed`, for Rushlight's generator."""
    with rushlight.random.fork_rng():
        rushlight.manual_seed(42)
        return function(*args, **kwargs)


def samples(
    op: Any, dtype: torch.dtype, limit: int | None, gradient: bool = False
) -> Iterator[Any]:
    """The first samples of an entry, always the same ones."""
    torch.manual_seed(0)
    return islice(op.sample_inputs("cpu", dtype, requires_grad=gradient), limit)


def describe(sample: Any) -> str:
    def said(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            return f"{title(value.dtype)}{list(value.shape)}"
        return repr(value)[:60]

    parts = [said(v) for v in (sample.input, *sample.args)]
    parts += [f"{k}={said(v)}" for k, v in sample.kwargs.items()]
    return ", ".join(parts)[:200]
