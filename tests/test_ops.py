"""Every operation, by the sample table: one test per kind of check, run for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
import samples
from ops_support import (
    ALL,
    DIFFERENTIABLE,
    DOUBLES,
    assert_same,
    declaration_of,
    each,
    floating_outputs,
    gradients,
    is_finite,
    is_inexact,
    maker,
    run,
    seeds_of,
    to_numpy,
    widened,
)
from rushlight import Tensor
from rushlight.autograd.gradcheck import gradcheck, gradgradcheck
from rushlight.kernels.launch import kernels as kernel_tables
from rushlight.kernels.launch import tables_by_device
from rushlight.ops.declare import places
from samples import Fixed, Op, Sample, as_numpy, build, outputs

# Sums at equal indices are added up on a GPU in the order in which its threads come.
NONDETERMINISM = {"cpu": 0.0, "strict": 0.0, "cuda": 1e-12}

# ---- values


@each(ALL)
def test_forward(op: Op, device: str) -> None:
    for sample in op.samples():
        arguments = build(torch, sample, maker(device))
        before = [t.clone() for t in arguments.leaves(Tensor)]
        result = run(op, arguments)
        if op.reference is not None:
            bare = as_numpy(sample)
            with np.errstate(all="ignore"):
                expected = op.reference(*bare.args, **bare.kwargs)
            assert_same(result, expected, sample, 1e-9)
        for value in outputs(result):
            if isinstance(value, Tensor) and arguments.leaves(Tensor):
                assert value.device.type == _goal(op, sample, device), sample
            assert not isinstance(value, (np.ndarray, np.generic)), sample
            assert not isinstance(value, Tensor) or type(value.array) in kernel_tables, sample
        for tensor, copy in zip(arguments.leaves(Tensor), before, strict=True):
            assert_same(tensor, copy, f"{sample} changed its input", 0.0)


def _goal(op: Op, sample: Sample, device: str) -> str:
    """Where the result belongs: where the inputs are, unless the sample moves it."""
    named = [*sample.args, sample.kwargs.get("device"), op.name.removeprefix("Tensor.")]
    names = [v for v in named if isinstance(v, str)]
    if "cuda" in names and torch.cuda.is_available():
        return "cuda"
    return "cpu" if "cpu" in names else device


@pytest.mark.any_kernels  # the strict device has shown it with NumPy's
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@each(ALL)
def test_narrow_dtypes(op: Op, dtype: str, device: str) -> None:
    """In as out, close to what float64 gives for the same numbers; gradients likewise."""
    if dtype != "float32" and not op.halves:
        return
    loss = op.tolerance if dtype == "float32" else torch.finfo(getattr(torch, dtype)).eps / 5
    for sample in op.samples():
        if not is_finite(sample) or dtype != "float32" and _is_complex(sample):
            continue
        exact = sample.map(lambda v: _rounded(v, dtype))
        double = build(torch, exact, maker(device, gradient=True))
        single = build(torch, exact, maker(device, gradient=True, dtype=dtype))
        wide, narrow = run(op, double), run(op, single)
        for a, b in zip(outputs(wide), outputs(narrow), strict=True):
            if not isinstance(a, Tensor):
                continue
            if double.leaves(Tensor) and a.dtype is torch.float64 and "dtype" not in sample.kwargs:
                expected = "float64" if _is_fixed_dtype(op, sample) else dtype
                assert b.dtype is getattr(torch, expected), f"{sample} gave {b.dtype}"
            if is_inexact(b) and op.reference is not None:
                assert_same(widened(b), a, sample, 10 * loss)
        if floating_outputs(wide):
            for a, b in zip(gradients(op, double), gradients(op, single), strict=True):
                assert (a is None) == (b is None), sample
                if a is not None:
                    # Relative to the largest: what cancels in a sum has lost its digits.
                    size = np.abs(to_numpy(a)).max(initial=1)
                    assert_same(widened(b) / size, a / size, f"gradient of {sample}", 30 * loss)


def _rounded(value: Any, dtype: str) -> Any:
    """The float64 array of a sample in numbers that `dtype` holds."""
    if isinstance(value, Fixed):
        return Fixed(_rounded(value.array, dtype))
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(getattr(torch, dtype).numpy).astype(np.float64)
    return value


def _is_fixed_dtype(op: Op, sample: Sample) -> bool:
    names = ("Tensor.double", "float_power")
    return any(str(v) == "float64" for v in sample.leaves(str)) or op.name in names


@each([op for op in ALL if op.integers])
def test_integers(op: Op, device: str) -> None:
    for sample in op.samples():
        if sample.kwargs or any(isinstance(v, float) for v in sample.args):
            continue
        if not is_finite(sample) or not sample.leaves(np.ndarray) or _is_complex(sample):
            continue
        whole = sample.map(_whole)
        result = run(op, build(torch, whole, maker(device)))
        if op.reference is not None:
            with np.errstate(all="ignore"):
                expected = op.reference(*whole.args, **whole.kwargs)
            assert_same(result, expected, whole, 1e-5)
        for value in outputs(result):
            assert str(value.dtype) == f"torch.{op.integers}", f"{whole} gave {value.dtype}"


def _is_complex(sample: Sample) -> bool:
    arrays = sample.leaves(np.ndarray)
    return bool(sample.leaves(complex)) or any(a.dtype.kind == "c" for a in arrays)


def _whole(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return np.asarray(np.round(4 * value)).astype(np.int64)


# ---- gradients


def differentiable_call(op: Op, sample: Sample) -> tuple[Callable[..., Any], list[Tensor]]:
    """The operation as a function of its differentiable inputs alone."""
    inputs = [t for t in sample.leaves(Tensor) if t.requires_grad]

    def function(*values: Tensor) -> Any:
        replaced = dict(zip(map(id, inputs), values, strict=True))
        changed = sample.map(lambda v: replaced.get(id(v), v))
        return [t for t in outputs(run(op, changed)) if isinstance(t, Tensor)]

    return function, inputs


def gradient_samples(op: Op, device: str) -> Iterator[tuple[Sample, Any, list[Tensor]]]:
    for sample in op.samples():
        if not is_finite(sample):
            continue
        built = build(torch, sample, maker(device, gradient=True))
        function, inputs = differentiable_call(op, built)
        if inputs:
            yield sample, function, inputs


@each(ALL)
def test_gradient(op: Op, device: str) -> None:
    for sample, function, inputs in gradient_samples(op, device):
        floats = [t for t in function(*inputs) if is_inexact(t)]
        results = floating_outputs(floats)
        if not op.differentiable:
            _assert_flat(results, inputs, sample)
            continue
        assert results or not floats, f"{op}{sample}: the result requires no gradient"
        if results and all(t.dtype in DOUBLES for t in results):
            try:
                gradcheck(function, inputs, fast_mode=True, check_grad_dtypes=True)
            except Exception as error:
                raise AssertionError(f"{op}{sample}: {error}") from error


def _assert_flat(results: list[Tensor], inputs: list[Tensor], sample: Sample) -> None:
    """What has no derivative requires no gradient, or has that of a constant."""
    for result in results:
        for found in torch.autograd.grad(result.sum(), inputs, allow_unused=True):
            assert found is None or not to_numpy(found).any(), f"{sample} has a gradient"


@pytest.mark.any_kernels
@each(DIFFERENTIABLE)
def test_gradient_of_each_input_alone(op: Op, real_device: str) -> None:
    """It is the same whatever other inputs require one: backwards skip what is not asked for."""
    for sample in op.samples():
        together = build(torch, sample, maker(real_device, gradient=True))
        inputs = [t for t in together.leaves(Tensor) if t.requires_grad]
        if len(inputs) < 2 or not is_finite(sample) or not floating_outputs(run(op, together)):
            continue
        for tensor, expected in zip(inputs, gradients(op, together), strict=True):
            kept = {id(t): t.detach() for t in inputs if t is not tensor}
            alone = together.map(lambda v, kept=kept: kept.get(id(v), v))
            if floating_outputs(run(op, alone)):
                (found,) = gradients(op, alone)
                assert (found is None) == (expected is None), sample
                if found is not None:
                    assert_same(found, expected, f"one gradient of {sample}")


@pytest.mark.any_kernels
@each([op for op in DIFFERENTIABLE if op.second])
def test_second_gradient(op: Op, real_device: str) -> None:
    for sample, function, inputs in gradient_samples(op, real_device):
        results = floating_outputs(function(*inputs))
        if results and all(t.dtype in DOUBLES for t in results):
            try:
                gradgradcheck(function, inputs, fast_mode=True)
            except Exception as error:
                raise AssertionError(f"{op}{sample}: {error}") from error


@pytest.mark.any_kernels
@each(DIFFERENTIABLE)
def test_second_backward(op: Op, real_device: str) -> None:
    """Without `retain_graph` it refuses, or finds that nothing was saved and gives the same."""
    for sample in op.samples():
        built = build(torch, sample, maker(real_device, gradient=True))
        inputs = [t for t in built.leaves(Tensor) if t.requires_grad]
        results = floating_outputs(run(op, built))
        if not results or not is_finite(sample):
            continue
        seeds = seeds_of(results)
        once = torch.autograd.grad(results, inputs, seeds, retain_graph=True, allow_unused=True)
        twice = torch.autograd.grad(results, inputs, seeds, allow_unused=True)
        for a, b in zip(once, twice, strict=True):
            assert (a is None) == (b is None), sample
            if a is not None:
                assert_same(a, b, sample, NONDETERMINISM[real_device])
        try:
            again = torch.autograd.grad(results, inputs, seeds, allow_unused=True)
        except RuntimeError as error:
            assert "Trying to backward through the graph a second time" in str(error), sample
        else:
            for a, b in zip(once, again, strict=True):
                if a is not None:
                    assert_same(a, b, sample, NONDETERMINISM[real_device])


@pytest.mark.any_kernels
@each(ALL)
def test_nothing_is_recorded_without_need(op: Op, real_device: str) -> None:
    for sample in op.samples():
        for value in outputs(run(op, build(torch, sample, maker(real_device)))):
            assert not isinstance(value, Tensor) or value.grad_fn is None, sample
        with torch.no_grad():
            built = build(torch, sample, maker(real_device, gradient=True))
            inputs = {id(t) for t in built.leaves(Tensor)}
            for value in outputs(run(op, built)):
                if isinstance(value, Tensor) and id(value) not in inputs:
                    assert not value.requires_grad, sample


# ---- errors


@each([op for op in ALL if op.invalid()])
def test_errors(op: Op, device: str) -> None:
    """Bad arguments raise PyTorch's exception and leave everything as it was."""
    for sample in op.invalid():
        built = build(torch, sample, maker(device))
        if sample.reads_values and not tables_by_device[device].is_host:
            run(op, built)
            continue
        before = [t.clone() for t in built.leaves(Tensor)]
        with pytest.raises(sample.raises, match=sample.match):
            run(op, built)
            pytest.fail(f"{op}{sample} was accepted")
        for tensor, copy in zip(built.leaves(Tensor), before, strict=True):
            assert tensor._version == 0, sample
            assert_same(tensor, copy, sample, 0.0)


# What reads values to check them: the call, arguments that pass, and such that do not.
CHECKED: dict[str, tuple[Callable[[Tensor], Any], list[Any], list[Any]]] = {
    "Class values must be smaller": (
        lambda x: torch.nn.functional.one_hot(x, 4), [0, 3], [0, 4]),
    "Class values must be non-negative": (
        lambda x: torch.nn.functional.one_hot(x, 4), [0, 3], [0, -1]),
    "bernoulli: Expected p_in >= 0": (torch.bernoulli, [0.5, 1.0], [0.5, 1.5]),
    "bernoulli_: Expected p_in >= 0 && p_in <= 1": (
        lambda x: torch.zeros(2).bernoulli_(x), [0.5, 1.0], [-0.5, 1.0]),
    "normal expects all elements of std": (lambda x: torch.normal(0.0, x), [0.0, 1.0], [1.0, -1.0]),
    "element < 0": (lambda x: torch.multinomial(x, 1), [1.0, 2.0], [1.0, -2.0]),
    "invalid multinomial distribution": (
        lambda x: torch.multinomial(x, 1), [1.0, 2.0], [0.0, 0.0]),
    "input should be between 0 and 1": (
        lambda x: torch.nn.functional.binary_cross_entropy(x, x), [0.5, 0.5], [0.5, 1.5]),
}  # fmt: skip


@pytest.mark.parametrize("message", CHECKED)
def test_replays_check_values(message: str) -> None:
    call, good, bad = CHECKED[message]
    compiled = torch.compile(call, fullgraph=True)
    compiled(torch.tensor(good))
    record = compiled.last_used
    with pytest.raises(RuntimeError, match=message):
        compiled(torch.tensor(bad))
    compiled(torch.tensor(good))
    records = [entry for entries in compiled.entries.values() for entry in entries]
    assert records == [record], "the calls were no replays"


@pytest.mark.parametrize("make", ["empty_like", "Tensor.new_empty", "Tensor"])
def test_what_is_undefined_is_not_filled(make: str) -> None:
    """A tensor without defined elements is memory and nothing else, in the input's order."""
    x = torch.ones(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    arguments = {"empty_like": (x,), "Tensor.new_empty": (x, 2, 3), "Tensor": (2, 3)}[make]
    compiled = torch.compile(lambda: samples.resolve(torch, make)(*arguments), fullgraph=True)
    result = compiled()
    assert [call.name.removesuffix("_like") for call in compiled.graph.calls] == ["empty"]
    assert result.dtype is torch.float32
    if make == "empty_like":
        assert result.stride() == x.stride()


# ---- the table itself


def exported() -> dict[str, Any]:
    """What computes on tensors, by the name under which users find it."""
    found = {}
    for place, names in places.items():
        prefix = "" if place == "torch" else place + "."
        # PyTorch's private functions are held by those that call them.
        public = {n: f for n, f in names.items() if not n.startswith("_") or n.endswith("__")}
        found |= {prefix + name: value for name, value in public.items()}
    for name in dir(Tensor):
        value = getattr(Tensor, name, None)  # what PyTorch has and Rushlight not says so
        value = value.fget if isinstance(value, property) else value
        module = getattr(value, "home", getattr(value, "__module__", None)) or ""
        if name != "__new__" and callable(value) and module.startswith("rushlight.ops."):
            found["Tensor." + name] = value
    return found


def covered() -> list[Any]:
    names = [name for op in ALL for name in (op.name, *op.covers)]
    names += [f"Tensor.{op.inplace}" for op in ALL if op.inplace]
    values = [_found(name) for name in names if " " not in name]
    return [v.fget if isinstance(v, property) else v for v in values]


def _found(name: str) -> Any:
    return samples.resolve(torch, name)


# Sparse tensors, and what shares memory with other libraries, files and processes, have tests of
# their own.
ELSEWHERE = {"rushlight.ops.interchange", "rushlight.ops.sparse"}
STORAGES = {"Tensor.share_memory_", "Tensor.storage_type"}  # of ops/memory.py


def test_everything_exported_has_its_row() -> None:
    rows = {declaration_of(value) for value in covered()}
    missing = [
        name for name, value in exported().items()
        if declaration_of(value) not in rows and name not in STORAGES
        and getattr(value, "__module__", "") not in ELSEWHERE
    ]  # fmt: skip
    assert not missing, f"no row in tests/samples covers {', '.join(sorted(missing))}"
