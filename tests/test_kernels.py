"""The overrides of a device's kernels, held against the generic ones.

While the sample table runs, forward and backward, each call of a kernel that a device overrides is
made twice: by the override, and on copies of its arguments by the base.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import samples
from ops_support import floating_outputs
from rushlight.kernels import launch
from rushlight.kernels.base import Base
from rushlight.kernels.declaration import kernels_of
from samples import Fixed, Op, Sample, build

TABLES = [table for table in [launch.kernels[np.ndarray]] if type(table) is not Base]
if not TABLES:
    pytest.skip("no device here overrides kernels (RUSHLIGHT_NATIVE=0?)", allow_module_level=True)

ALL = list(samples.table)
TOLERANCES = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-9, np.dtype(np.float16): 2e-3}
# Which multiply and subtract in one step where the processor can, over many steps.
FACTORIZATIONS = {"ldl_factor", "lu_factor", "triangular_solve"}
# Of sparse tensors, what kernels call by themselves, and what writes an `out`: see
# test_native_sparse.py, test_native_ctc.py, test_halves.py, test_plain_out.py.
WITHIN_OTHERS = {"sparse_product", "ctc_alpha", "ctc_gradient", "wide_matmul", "overwrite"}


def overrides(table: Any) -> dict[str, Any]:
    """The kernels that a table has of its own, by name."""
    found: dict[str, Any] = {}
    for cls in reversed(type(table).__mro__):
        if cls not in Base.__mro__:
            found.update(
                (name, value)
                for name, value in vars(cls).items()
                if name in kernels_of(Base)
            )
    return found


# ---- copies that share nothing and lie in memory alike


def twin(value: Any, made: dict[Any, Any]) -> Any:
    """A copy of an argument; arrays keep their strides, and one array stays one."""
    if isinstance(value, list):
        return [twin(v, made) for v in value]
    if not isinstance(value, np.ndarray):
        return value
    start = value.__array_interface__["data"][0]
    key = (start, value.shape, value.strides, value.dtype.str)
    if key not in made:
        low, high = np.lib.array_utils.byte_bounds(value)
        memory = np.zeros(max(high - low, 1), np.uint8)
        copy = np.ndarray(value.shape, value.dtype, memory, start - low, value.strides)
        copy[...] = value
        made[key] = copy
    return made[key]


class Comparer:
    """Stands in a table's place and compares what it does with what the base does."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.base = Base()
        self.overridden = overrides(table)
        self.reached: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.table, name)
        if name not in self.overridden:
            return attribute
        return self._compared(name, attribute)

    def _compared(self, name: str, kernel: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.reached.add(name)
            made: dict[Any, Any] = {}
            copies = [twin(value, made) for value in args]
            error = expected = None
            try:
                with np.errstate(all="ignore"):
                    expected = getattr(self.base, name)(*copies)
            except Exception as raised:
                error = raised
            if error is not None:
                with pytest.raises(type(error)):
                    kernel(*args)
                raise error
            result = kernel(*args)
            what = f"{name}({', '.join(map(describe, args))})"
            compare(name, result, expected, what)
            compare(name, list(args), copies, f"arguments after {what}")
            check_order(result, expected, args, what)
            return result

        return call


def describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)} strides {value.strides}"
    return f"[{', '.join(map(describe, value))}]" if type(value) is list else repr(value)


def compare(name: str, actual: Any, expected: Any, what: str) -> None:
    if isinstance(expected, (list, tuple)) and not hasattr(expected, "_fields"):
        assert len(actual) == len(expected), what
        for a, b in zip(actual, expected, strict=True):
            compare(name, a, b, what)
        return
    if not isinstance(expected, np.ndarray):
        assert actual is expected or actual == expected or actual != actual, what
        return
    assert isinstance(actual, np.ndarray), f"{what} gave {type(actual)}"
    assert actual.dtype == expected.dtype, f"{what} gave {actual.dtype}"
    assert actual.shape == expected.shape, f"{what} gave {actual.shape}"
    if name == "empty":
        return  # elements are whatever stood in memory
    limit = 0.0 if name.startswith("random") else TOLERANCES.get(expected.dtype, 0.0)
    if name.startswith("fft_"):
        limit = TOLERANCES[expected.real.dtype]
    if name in FACTORIZATIONS and expected.dtype.kind in "fc":
        limit = max(limit, 1e-12)
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0) if limit else 0
    np.testing.assert_allclose(
        actual, expected, rtol=limit, atol=limit * max(1.0, float(scale)), err_msg=what
    )


def check_order(actual: Any, expected: Any, args: Any, what: str) -> None:
    """Results lie in memory as the base's, but where arguments differ about the order to keep.

    Products of stacks of matrices have no order to keep: NumPy takes that of the batch. Nor have
    results of operands that broadcast, or were expanded, and have another order than the shape's.
    """
    if not isinstance(actual, np.ndarray) or what.startswith("matmul("):
        return
    arrays = [a for a in args if isinstance(a, np.ndarray)]
    alike = [a for a in arrays if a.shape == actual.shape]
    if len(alike) < len(arrays) and not all(a.flags.c_contiguous for a in arrays):
        return
    if len({tuple(np.argsort(order(a), stable=True)) for a in alike}) <= 1:
        assert order(actual) == order(expected), f"{what}: strides {actual.strides}"


def order(x: np.ndarray[Any, Any]) -> list[int]:
    """The strides that matter: of an array with elements, those of dimensions with several."""
    return [s for s, n in zip(x.strides, x.shape, strict=True) if n > 1 and x.size]


# ---- the table


def layouts(array: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    found = [array]
    if array.ndim >= 2:
        found.append(np.ascontiguousarray(array.T).T)
    if array.ndim == 4:
        found.append(np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2))
    if array.ndim >= 1 and array.shape[-1] > 1:
        found.append(np.repeat(array, 2, axis=-1)[..., ::2])
    return found


def variants(sample: Sample, dtype: str, any_layout: bool) -> list[Sample]:
    """The sample as a dtype, in each order of memory."""
    arrays = sample.leaves(np.ndarray) if any_layout else []
    count = max((len(layouts(a)) for a in arrays), default=1)

    def laid(number: int) -> Callable[[Any], Any]:
        def change(value: Any) -> Any:
            if isinstance(value, Fixed):
                return Fixed(change(value.array))
            if not isinstance(value, np.ndarray):
                return value
            value = value.astype(dtype) if value.dtype == np.float64 else value
            choices = layouts(value)
            return choices[number % len(choices)]

        return change

    return [sample.map(laid(i)) for i in range(count)]


def run_both_ways(op: Op, sample: Sample) -> None:
    """Forward, and backward where there is one."""

    def tensor(array: Any, differentiable: bool) -> Any:
        made = torch.from_numpy(array)
        return made.requires_grad_() if differentiable else made

    built = build(torch, sample, tensor)
    results = floating_outputs(op.function(torch)(*built.args, **built.kwargs))
    if results:
        torch.autograd.backward(results, [torch.ones_like(t) for t in results])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", ALL, ids=str)
def test_overrides_do_what_the_base_does(op: Op, dtype: str) -> None:
    with launch.intercepted(Comparer):
        for sample in op.samples():
            for variant in variants(sample, dtype, op.layouts):
                run_both_ways(op, variant)


@pytest.mark.parametrize("op", [op for op in ALL if op.invalid()], ids=str)
def test_overrides_refuse_what_the_base_refuses(op: Op) -> None:
    with launch.intercepted(Comparer):
        for sample in op.invalid():
            with pytest.raises(sample.raises):
                run_both_ways(op, sample.map(lambda v: v))


def optimizers() -> dict[str, Callable[[list[Any]], Any]]:
    return {
        "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
        "momentum": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, dampening=0.2),
        "Nesterov": lambda p: torch.optim.SGD(
            p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.1
        ),
        "ascent": lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, maximize=True),
        "Adam": lambda p: torch.optim.Adam(p, lr=0.01),
        "AMSGrad": lambda p: torch.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.1),
        "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
        "Adam, ascending": lambda p: torch.optim.Adam(p, lr=0.01, maximize=True),
        "Adamax": lambda p: torch.optim.Adamax(p, weight_decay=0.1),
        "NAdam": lambda p: torch.optim.NAdam(p, weight_decay=0.1),
        "RAdam": lambda p: torch.optim.RAdam(p, betas=(0.5, 0.8), weight_decay=0.1),
        "Adadelta": lambda p: torch.optim.Adadelta(p, weight_decay=0.1),
        "Adagrad": lambda p: torch.optim.Adagrad(p, lr_decay=0.1, weight_decay=0.1),
        "RMSprop": lambda p: torch.optim.RMSprop(p, momentum=0.9, centered=True),
        "Rprop": lambda p: torch.optim.Rprop(p),
        "ASGD": lambda p: torch.optim.ASGD(p, weight_decay=0.1),
    }


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", optimizers())
def test_optimizers(name: str, dtype: str) -> None:
    random = np.random.default_rng(0)
    shapes = [(), (3,), (4, 5), (2, 3, 4, 5), (300, 70)]
    parameters = [
        torch.from_numpy(np.array(random.standard_normal(s), dtype)).requires_grad_()
        for s in shapes
    ]
    parameters.append(parameters[3].detach().to(memory_format=torch.channels_last))
    parameters[-1].requires_grad_()
    optimizer = optimizers()[name](parameters)
    with launch.intercepted(Comparer):
        for _ in range(3):
            for p in parameters:
                p.grad = torch.from_numpy(np.array(random.standard_normal(p.shape), dtype))
            optimizer.step()


# ---- what is returned is written whole


class Unwritten:
    """Stands in a table's place and makes each call by the base, on memory of two contents."""

    def __init__(self, table: Any) -> None:
        self.table = table
        self.base = Base()
        self.declared = kernels_of(Base)

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.table, name)
        declared = self.declared.get(name)
        if declared is None or declared.kind in ("random", "view", "read"):
            return attribute
        if name.startswith("empty"):
            return attribute

        def call(*args: Any) -> Any:
            result = [self._after(content, name, args) for content in (0x00, 0x7F)]
            compare(name, result[1], result[0], f"{name} of {', '.join(map(describe, args))}")
            return attribute(*args)

        return call

    def _after(self, content: int, name: str, args: Any) -> Any:
        made: dict[Any, Any] = {}
        copies = [twin(value, made) for value in args]
        with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
            for function in (np.empty, np.empty_like):
                patch.setattr(np, function.__name__, filled(function, content))
            try:
                return getattr(self.base, name)(*copies)
            except Exception as raised:
                return type(raised)


def filled(function: Callable[..., Any], content: int) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        array = function(*args, **kwargs)
        ctypes.memset(array.__array_interface__["data"][0], content, array.nbytes)
        return array

    return make


@pytest.mark.parametrize("op", ALL, ids=str)
def test_the_base_writes_all_that_it_returns(op: Op) -> None:
    with launch.intercepted(Unwritten):
        for sample in op.samples():
            run_both_ways(op, sample.map(lambda v: v))


# ---- the overrides themselves


@pytest.mark.parametrize("table", TABLES, ids=lambda t: type(t).__name__)
def test_signatures(table: Any) -> None:
    """Overrides have the parameters of what they override."""
    for name in overrides(table):
        ours = list(inspect.signature(getattr(table, name)).parameters)
        theirs = list(inspect.signature(getattr(Base(), name)).parameters)
        assert ours == theirs, name


def loss_with_gradient(parameter: Any) -> Any:
    parameter.grad = None
    loss = (parameter**4).sum()
    loss.backward()
    return loss


@pytest.mark.parametrize("table", TABLES, ids=lambda t: type(t).__name__)
def test_every_override_is_reached(table: Any) -> None:
    """By a sample of the table, or by an optimizer: what no sample reaches is not tested above."""
    comparers = []

    def comparer(wrapped: Any) -> Comparer:
        comparers.append(Comparer(wrapped))
        return comparers[-1]

    with launch.intercepted(comparer):
        for op in ALL:
            for sample in op.samples():
                run_both_ways(op, sample.map(lambda v: v))
        for make in optimizers().values():
            parameter = torch.ones(3, requires_grad=True)
            parameter.grad = torch.ones(3)
            make([parameter]).step()
        parameter = torch.ones(3, requires_grad=True)
        lbfgs = torch.optim.LBFGS([parameter], max_iter=3)
        lbfgs.step(lambda: loss_with_gradient(parameter))
    reached = {name for c in comparers if c.table is table for name in c.reached}
    assert set(overrides(table)) - WITHIN_OTHERS <= reached
