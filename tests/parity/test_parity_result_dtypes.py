"""The dtypes of results: every operation of two operands, every reduction, every maker of tensors.

With every pair of dtypes, of tensors with dimensions and without, and with numbers of Python's.
Where PyTorch has no kernel there is nothing to compare with.
"""

# ruff: noqa: B023  (functions are called where they are made)
from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from rushlight.ops.declare import Binary

DTYPES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64",
    "complex64", "complex128",
)  # fmt: skip
NUMBERS = (True, 2, 2.5, 2 + 1j)
OF_REAL_ONES = ("logaddexp", "logsumexp", "logcumsumexp")  # complex numbers are refused


def dtypes_for(name: str) -> tuple[str, ...]:
    return DTYPES[:10] if name in OF_REAL_ONES else DTYPES


def binary_names() -> list[str]:
    """The functions that are made of a `Binary`, and those that choose between several."""
    found = [
        name for name, value in list(vars(rushlight).items())
        if isinstance(getattr(value, "operation", None), type)
        and issubclass(value.operation, Binary) and hasattr(torch, name)
    ]  # fmt: skip
    return sorted({*found, "div", "pow", "maximum", "minimum", "true_divide"})


def outcome(function: Callable[..., Any], *arguments: Any) -> Any:
    """The name of the result's dtype (of the first of several), or None for an exception."""
    try:
        with np.errstate(all="ignore"):
            result = function(*arguments)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):
        return None
    return str((result[0] if isinstance(result, tuple) else result).dtype)


def compare(call: Callable[[Any], Any], what: str) -> None:
    theirs = outcome(call, torch)
    if theirs not in (None, "torch.complex32"):  # which NumPy has not
        assert outcome(call, rushlight) == theirs, what


@pytest.mark.parametrize("name", binary_names())
def test_binary(name: str) -> None:
    for a, b in itertools.product(dtypes_for(name), repeat=2):
        for left, right in ((1, 1), (1, 0), (0, 1), (0, 0)):
            def call(t: Any) -> Any:
                x, y = t.ones((2,) * left), t.ones((2,) * right)
                return getattr(t, name)(x.to(getattr(t, a)), y.to(getattr(t, b)))

            compare(call, f"{name}({a} of {left}-d, {b} of {right}-d)")
    for a, number, rank in itertools.product(dtypes_for(name), NUMBERS, (0, 1)):
        def tensor(t: Any) -> Any:
            return t.ones((2,) * rank).to(getattr(t, a))

        compare(lambda t: getattr(t, name)(tensor(t), number), f"{name}({a}, {number})")
        compare(lambda t: getattr(t, name)(number, tensor(t)), f"{name}({number}, {a})")


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<", "=="])
def test_operators(symbol: str) -> None:
    for a, number, rank in itertools.product(DTYPES, NUMBERS, (0, 1)):
        for text in (f"x {symbol} {number}", f"{number} {symbol} x"):
            compare(
                lambda t: eval(text, {"x": t.ones((2,) * rank).to(getattr(t, a))}),
                f"{text} of {a}, {rank}-d",
            )


REDUCTIONS = (
    "sum", "mean", "var", "std", "amax", "amin", "max", "min", "argmax", "argmin", "all", "any",
    "count_nonzero", "norm", "cumsum", "logsumexp", "softmax", "log_softmax", "logcumsumexp",
    "sort", "topk",
)  # fmt: skip
WITH_DTYPE = ("sum", "mean", "cumsum", "softmax", "log_softmax")
LAST = {"topk": (1,), "norm": (2, 0)}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(name: str) -> None:
    for a in dtypes_for(name):
        for arguments in ((), LAST.get(name, (0,))):
            def call(t: Any) -> Any:
                return getattr(t, name)(t.ones(3).to(getattr(t, a)), *arguments)

            compare(call, f"{name}({a}, {arguments})")
        for b in DTYPES if name in WITH_DTYPE else ():
            def typed(t: Any) -> Any:
                x = t.ones(3).to(getattr(t, a))
                return getattr(t, name)(x, 0, dtype=getattr(t, b))

            compare(typed, f"{name}({a}, dtype={b})")


MAKERS: dict[str, Callable[[Any, Any], Any]] = {
    "tensor": lambda t, v: t.tensor(v),
    "tensor of two": lambda t, v: t.tensor([v, 1]),
    "tensor of one and a tensor": lambda t, v: t.tensor([v, t.tensor(1)]),
    "tensor of a float tensor and one": lambda t, v: t.tensor([t.tensor(1.0).double(), v]),
    "as_tensor": lambda t, v: t.as_tensor(v),
    "full": lambda t, v: t.full((2,), v),
    "full_like": lambda t, v: t.full_like(t.ones(2, dtype=t.int32), v),
    "new_tensor": lambda t, v: t.ones(2, dtype=t.int32).new_tensor([v]),
    "arange": lambda t, v: t.arange(v),
    "arange from": lambda t, v: t.arange(0, v),
    "arange by": lambda t, v: t.arange(0, 5, v),
    "linspace": lambda t, v: t.linspace(0, v, 3),
    "where": lambda t, v: t.where(t.ones(2).bool(), t.ones(2, dtype=t.int32), v),
    "where of numbers": lambda t, v: t.where(t.ones(2).bool(), 1, v),
    "masked_fill": lambda t, v: t.ones(2, dtype=t.int32).masked_fill(t.ones(2).bool(), v),
    "clamp": lambda t, v: t.ones(2, dtype=t.int32).clamp(v),
    "result_type": lambda t, v: t.zeros(1).to(t.result_type(t.ones(2, dtype=t.int32), v)),
}
VALUES = (
    *NUMBERS, np.float32(2), np.float64(2), np.int32(2), np.float16(2), np.array(2.0),
    np.array(2, np.int16),
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{type(v).__name__}")
@pytest.mark.parametrize("name", MAKERS)
def test_makers(name: str, value: Any) -> None:
    compare(lambda t: MAKERS[name](t, value), f"{name} of {value!r}")


@pytest.mark.parametrize("name", ["zeros", "ones", "full", "arange", "linspace", "eye", "empty"])
def test_makers_of_a_dtype(name: str) -> None:
    arguments: dict[str, tuple[Any, ...]] = {"full": ((2,), 1), "linspace": (0, 1, 3)}
    for a in DTYPES:
        compare(
            lambda t: getattr(t, name)(*arguments.get(name, (2,)), dtype=getattr(t, a)),
            f"{name}(dtype={a})",
        )
