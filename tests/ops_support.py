"""What the tests of operations share: rows, tensors of samples, comparisons."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import samples
from rushlight import Tensor
from rushlight.autograd.node import Node
from samples import Invalid, Op, Sample, Values, outputs

ALL = list(samples.table)
DIFFERENTIABLE = [op for op in ALL if op.differentiable]


HALVES = (torch.float16, torch.bfloat16)


def each(ops: list[Op]) -> Any:
    return pytest.mark.parametrize("op", ops, ids=str)


def maker(device: str, gradient: bool = False, dtype: str | None = None) -> Callable[..., Tensor]:
    """Makes tensors on a device, of float64 samples as `dtype`."""

    def tensor(array: Any, differentiable: bool) -> Tensor:
        if dtype is not None and array.dtype == np.float64:
            array = array.astype(dtype)
        elif dtype == "float32" and array.dtype == np.complex128:
            array = array.astype("complex64")
        made = torch.from_numpy(np.array(array)).to(device)
        return made.requires_grad_() if gradient and differentiable else made

    return tensor


def run(op: Op, sample: Sample) -> Any:
    return op.function(torch)(*sample.args, **sample.kwargs)


DOUBLES = (torch.float64, torch.complex128)


def is_inexact(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()


def widened(tensor: Tensor) -> Tensor:
    return tensor.to(torch.complex128 if tensor.is_complex() else torch.float64)


def floating_outputs(result: Any) -> list[Tensor]:
    """The results that gradients come back from: `a // b` has none, though it requires one."""
    return [
        t for t in outputs(result) if isinstance(t, Tensor) and t.requires_grad
        and (t.grad_fn is None or type(t.grad_fn).backward is not Node.backward)
    ]  # fmt: skip


def is_finite(sample: Sample) -> bool:
    numbers = [*sample.leaves(np.ndarray), *sample.leaves(float)]
    return all(np.isfinite(a).all() for a in numbers)


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return value.float().numpy() if value.dtype is torch.bfloat16 else value.numpy()
    return np.asarray(value)


def assert_same(actual: Any, expected: Any, sample: Any, tolerance: float = 1e-10) -> None:
    found, wanted = outputs(actual), outputs(expected)
    assert len(found) == len(wanted), sample
    for a, b in zip(found, wanted, strict=True):
        if not isinstance(b, (Tensor, np.ndarray, np.generic, float, complex)):
            assert a == b, sample
            continue
        if isinstance(a, Tensor) and a.dtype in HALVES:
            tolerance = max(tolerance, torch.finfo(a.dtype).eps)
        a, b = to_numpy(a), to_numpy(b)
        assert a.shape == b.shape, f"{sample}: shape {a.shape} instead of {b.shape}"
        limit = max(tolerance, 1e-5 if a.dtype in (np.float32, np.complex64) else 0.0)
        np.testing.assert_allclose(
            a, np.asarray(b, b.dtype if b.dtype.kind != "V" else "float32"), rtol=limit, atol=limit,
            err_msg=repr(sample),
        )  # fmt: skip


def gradients(op: Op, sample: Sample) -> list[Any]:
    """The gradients of all inputs, for the same random gradients of the outputs each time."""
    tensors = [t for t in outputs(run(op, sample)) if isinstance(t, Tensor)]
    floats = [t for t in tensors if is_inexact(t)]
    pairs = [(t, s) for t, s in zip(floats, seeds_of(floats), strict=True) if t.requires_grad]
    results, seeds = zip(*pairs, strict=True)
    inputs = [t for t in sample.leaves(Tensor) if t.requires_grad]
    return list(torch.autograd.grad(results, inputs, seeds, allow_unused=True))


def seeds_of(results: list[Tensor]) -> list[Tensor]:
    random = np.random.default_rng(3)
    seeds = [
        random.standard_normal(tuple(t.shape)) * (1 + 0.5j if t.is_complex() else 1)
        for t in results
    ]
    return [t.new_tensor(np.round(8 * seed) / 8) for t, seed in zip(results, seeds, strict=True)]


def declaration_of(value: Any) -> int:
    """What identifies an operation: its in-place form and its operator are the same one."""
    function = getattr(value, "form_of", value)
    return id(getattr(function, "operation", None) or inspect.unwrap(function))


# ---- samples as functions of their tensors


def pairs(op: Op) -> list[tuple[Sample, Sample]]:
    """The samples, each with one of other random numbers."""
    first, second = (op.make(Values(op.name + more)) for more in ("", ", again"))
    return [(a, b) for a, b in zip(first, second, strict=True) if not isinstance(a, Invalid)]


@dataclass
class Place:
    """Where a tensor stands among the arguments."""

    number: int


def function_of(op: Op, sample: Sample, cloned: bool) -> Callable[..., Any]:
    """The call of a sample, as a function of its tensors alone.

    A record refuses views of what is from outside as results, and takes clones of them.
    """
    places = map(Place, count())
    template = sample.map(lambda v: next(places) if isinstance(v, Tensor) else v)

    def function(*values: Tensor) -> Any:
        arguments = template.map(lambda v: values[v.number] if isinstance(v, Place) else v)
        result = outputs(run(op, arguments))
        return [t.clone() if cloned and isinstance(t, Tensor) else t for t in result]

    return function


# ---- other forms of a function


def inplace_form(op: Op) -> Callable[..., Tensor] | None:
    """The method that does the same in place, or the function with `inplace=True`."""
    function = op.function(torch)
    derived = getattr(Tensor, f"{op.name}_", None)
    if derived is not None and declaration_of(derived) == declaration_of(function):
        return derived
    if op.inplace:
        return getattr(Tensor, op.inplace)
    return partial(function, inplace=True) if "inplace" in parameters_of(op) else None


def parameters_of(op: Op) -> Any:
    try:
        return inspect.signature(op.function(torch)).parameters
    except (TypeError, ValueError):
        return {}


WITH_OUT = [op for op in ALL if "out" in parameters_of(op)]
