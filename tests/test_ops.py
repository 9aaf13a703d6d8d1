"""Every operation, by the sample table: one test per kind of check, run for each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import samples
from samples import Op, Sample, as_numpy, build, outputs

import rushlight as torch
from rushlight import Tensor
from rushlight.autograd.gradcheck import gradcheck, gradgradcheck
from rushlight.kernels.launch import kernels as kernel_tables
from rushlight.kernels.launch import tables_by_device

ALL = list(samples.table)
DIFFERENTIABLE = [op for op in ALL if op.differentiable]


def each(ops: list[Op]) -> Any:
    return pytest.mark.parametrize("op", ops, ids=str)


def maker(device: str, gradient: bool = False, dtype: str | None = None) -> Callable[..., Tensor]:
    """Makes tensors on a device, of float64 samples as `dtype`."""

    def tensor(array: Any, differentiable: bool) -> Tensor:
        if dtype is not None and array.dtype == np.float64:
            array = array.astype(dtype)
        made = torch.from_numpy(np.array(array)).to(device)
        return made.requires_grad_() if gradient and differentiable else made

    return tensor


def run(op: Op, sample: Sample) -> Any:
    return op.function(torch)(*sample.args, **sample.kwargs)


def floating_outputs(result: Any) -> list[Tensor]:
    return [t for t in outputs(result) if isinstance(t, Tensor) and t.requires_grad]


def is_finite(sample: Sample) -> bool:
    numbers = [*sample.leaves(np.ndarray), *sample.leaves(float)]
    return all(np.isfinite(a).all() for a in numbers)


def to_numpy(value: Any) -> np.ndarray[Any, Any]:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)


def assert_same(actual: Any, expected: Any, sample: Any, tolerance: float = 1e-10) -> None:
    found, wanted = outputs(actual), outputs(expected)
    assert len(found) == len(wanted), sample
    for a, b in zip(found, wanted, strict=True):
        if not isinstance(b, (Tensor, np.ndarray, np.generic, float, complex)):
            assert a == b, sample
            continue
        a, b = to_numpy(a), to_numpy(b)
        assert a.shape == b.shape, f"{sample}: shape {a.shape} instead of {b.shape}"
        limit = max(tolerance, 1e-5 if a.dtype in (np.float32, np.complex64) else 0.0)
        if a.dtype == np.float16:
            limit = 1e-3
        np.testing.assert_allclose(a, b, rtol=limit, atol=limit, err_msg=repr(sample))


def gradients(op: Op, sample: Sample) -> list[Any]:
    """The gradients of all inputs, for the same random gradients of the outputs each time."""
    random = np.random.default_rng(3)
    results = floating_outputs(run(op, sample))
    seeds = [t.new_tensor(random.standard_normal(tuple(t.shape))) for t in results]
    inputs = [t for t in sample.leaves(Tensor) if t.requires_grad]
    return list(torch.autograd.grad(results, inputs, seeds, allow_unused=True))


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
    return "cpu" if any(isinstance(v, str) and v == "cpu" for v in named) else device


@each(ALL)
def test_float32(op: Op, device: str) -> None:
    """float32 in, float32 out, close to what float64 gives; its gradients likewise."""
    for sample in op.samples():
        double = build(torch, sample, maker(device, gradient=True))
        single = build(torch, sample, maker(device, gradient=True, dtype="float32"))
        wide, narrow = run(op, double), run(op, single)
        for a, b in zip(outputs(wide), outputs(narrow), strict=True):
            if not isinstance(a, Tensor) or not is_finite(sample):
                continue
            if double.leaves(Tensor) and a.dtype is torch.float64 and "dtype" not in sample.kwargs:
                expected = torch.float64 if _is_fixed_dtype(op, sample) else torch.float32
                assert b.dtype is expected, f"{sample} gave {b.dtype}"
            if b.is_floating_point() and op.reference is not None:
                assert_same(b.double(), a, sample, 10 * op.tolerance)
        if floating_outputs(wide) and is_finite(sample):
            for a, b in zip(gradients(op, double), gradients(op, single), strict=True):
                assert (a is None) == (b is None), sample
                if a is not None:
                    assert_same(b.double(), a, f"gradient of {sample}", 30 * op.tolerance)


def _is_fixed_dtype(op: Op, sample: Sample) -> bool:
    return any(str(v) == "float64" for v in sample.leaves(str)) or op.name == "Tensor.double"


@each([op for op in ALL if op.integers])
def test_integers(op: Op, device: str) -> None:
    for sample in op.samples():
        if sample.kwargs or any(isinstance(v, float) for v in sample.args):
            continue
        if not is_finite(sample) or not sample.leaves(np.ndarray):
            continue
        whole = sample.map(_whole)
        result = run(op, build(torch, whole, maker(device)))
        if op.reference is not None:
            with np.errstate(all="ignore"):
                expected = op.reference(*whole.args, **whole.kwargs)
            assert_same(result, expected, whole, 1e-5)
        for value in outputs(result):
            assert str(value.dtype) == f"torch.{op.integers}", f"{whole} gave {value.dtype}"


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
    checked = 0
    for sample, function, inputs in gradient_samples(op, device):
        results = floating_outputs(function(*inputs))
        if not op.differentiable:
            _assert_flat(results, inputs, sample)
        elif results and all(t.dtype is torch.float64 for t in results):
            checked += 1
            try:
                gradcheck(function, inputs, fast_mode=True, check_grad_dtypes=True)
            except Exception as error:
                raise AssertionError(f"{op}{sample}: {error}") from error
    assert checked or not op.differentiable or "dtype" in op.name or _only_casts(op)


def _assert_flat(results: list[Tensor], inputs: list[Tensor], sample: Sample) -> None:
    """What has no derivative requires no gradient, or has that of a constant."""
    for result in results:
        for found in torch.autograd.grad(result.sum(), inputs, allow_unused=True):
            assert found is None or not to_numpy(found).any(), f"{sample} has a gradient"


def _only_casts(op: Op) -> bool:
    return op.name.startswith("Tensor.") and hasattr(np.zeros(0), "astype") and op.composite


@each([op for op in DIFFERENTIABLE if op.second])
def test_second_gradient(op: Op, device: str) -> None:
    for sample, function, inputs in gradient_samples(op, device):
        results = floating_outputs(function(*inputs))
        if results and all(t.dtype is torch.float64 for t in results):
            try:
                gradgradcheck(function, inputs, fast_mode=True)
            except Exception as error:
                raise AssertionError(f"{op}{sample}: {error}") from error


@each(DIFFERENTIABLE)
def test_gradients_belong_to_their_inputs(op: Op, device: str) -> None:
    """Their shape, dtype and device; and no memory shared with each other or the seed."""
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
        results = floating_outputs(run(op, built))
        if not results:
            continue
        seeds = [torch.ones_like(t) for t in results]
        torch.autograd.backward(results, seeds)
        inputs = [t for t in built.leaves(Tensor) if t.grad is not None]
        for tensor in inputs:
            assert tensor.grad.shape == tensor.shape, sample
            assert tensor.grad.dtype is tensor.dtype, sample
            assert tensor.grad.device == tensor.device, sample
            assert not tensor.grad.requires_grad, sample
        memory = [t.grad for t in inputs] + seeds + [t.detach() for t in inputs]
        for i, first in enumerate(memory):
            for second in memory[i + 1 :]:
                assert not _share_memory(first, second), sample


def _share_memory(a: Tensor, b: Tensor) -> bool:
    return a.numel() > 0 and np.shares_memory(a.cpu().array, b.cpu().array)


@each(DIFFERENTIABLE)
def test_change_of_an_input_is_noticed(op: Op, device: str) -> None:
    """After an in-place change backward either gives the right gradients still, or refuses."""
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
        leaves = [t for t in built.leaves(Tensor) if t.requires_grad]
        if not leaves or not is_finite(sample):
            continue
        if not floating_outputs(run(op, built)):
            continue
        expected = gradients(op, built)
        for changed in range(len(leaves) + 1):
            copies = {id(t): t.clone() for t in leaves}
            result = run(op, built.map(lambda v, c=copies: c.get(id(v), v)))
            results = floating_outputs(result)
            targets = [*copies.values(), results[0]]
            seeds = _seeds(results)
            with torch.no_grad():
                try:
                    targets[changed].add_(1)
                except RuntimeError as error:
                    assert "view" in str(error), sample
                    continue
            try:
                actual = torch.autograd.grad(results, leaves, seeds, allow_unused=True)
            except RuntimeError as error:
                assert "modified by an inplace operation" in str(error), sample
                continue
            for a, b in zip(actual, expected, strict=True):
                if b is not None:
                    assert_same(a, b, f"{sample} after input {changed} changed")


def _seeds(results: list[Tensor]) -> list[Tensor]:
    random = np.random.default_rng(3)
    return [t.new_tensor(random.standard_normal(tuple(t.shape))) for t in results]


@each(DIFFERENTIABLE)
def test_second_backward(op: Op, device: str) -> None:
    """Without `retain_graph` it refuses, or finds that nothing was saved and gives the same."""
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
        inputs = [t for t in built.leaves(Tensor) if t.requires_grad]
        results = floating_outputs(run(op, built))
        if not results or not is_finite(sample):
            continue
        seeds = _seeds(results)
        once = torch.autograd.grad(results, inputs, seeds, retain_graph=True, allow_unused=True)
        twice = torch.autograd.grad(results, inputs, seeds, allow_unused=True)
        for a, b in zip(once, twice, strict=True):
            assert (a is None) == (b is None), sample
            if a is not None:
                assert_same(a, b, sample, 0.0)
        try:
            again = torch.autograd.grad(results, inputs, seeds, allow_unused=True)
        except RuntimeError as error:
            assert "Trying to backward through the graph a second time" in str(error), sample
        else:
            for a, b in zip(once, again, strict=True):
                if a is not None:
                    assert_same(a, b, sample, 0.0)


@each(ALL)
def test_nothing_is_recorded_without_need(op: Op, device: str) -> None:
    for sample in op.samples():
        for value in outputs(run(op, build(torch, sample, maker(device)))):
            assert not isinstance(value, Tensor) or value.grad_fn is None, sample
        with torch.no_grad():
            built = build(torch, sample, maker(device, gradient=True))
            inputs = {id(t) for t in built.leaves(Tensor)}
            for value in outputs(run(op, built)):
                if isinstance(value, Tensor) and id(value) not in inputs:
                    assert not value.requires_grad, sample


# ---- memory


def layouts(array: np.ndarray[Any, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """The same elements in other orders of memory."""
    found = {}
    if array.ndim >= 2:
        found["transposed"] = np.ascontiguousarray(array.T).T
    if array.ndim == 4:
        found["channels-last"] = np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(
            0, 3, 1, 2
        )
    if array.ndim >= 1:
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
        wide[..., 1::2] = array
        found["strided"] = wide[..., 1::2]
    return found


@each([op for op in ALL if op.layouts])
def test_layouts(op: Op, device: str) -> None:
    """Memory order changes no value and no gradient; elementwise operations keep it."""
    for sample in op.samples():
        arrays = sample.leaves(np.ndarray)
        if not arrays:
            continue
        plain = build(torch, sample, maker(device, gradient=True))
        expected = run(op, plain)
        names = {name for a in arrays for name in layouts(a)}
        for name in sorted(names):
            laid = sample.map(
                lambda v, n=name: layouts(v).get(n, v) if isinstance(v, np.ndarray) else v
            )
            shared = build(torch, laid, _sharing(device))
            actual = run(op, shared)
            where = f"{sample} with {name} inputs"
            assert_same(actual, expected, where, 1e-9)
            for a, b in zip(outputs(actual), outputs(expected), strict=True):
                assert not isinstance(a, Tensor) or a.dtype is b.dtype, where
            if device == "cpu":
                _check_order(op, name, laid, actual, where)
            if floating_outputs(actual) and is_finite(sample):
                for a, b in zip(gradients(op, shared), gradients(op, plain), strict=True):
                    assert (a is None) == (b is None), where
                    if a is not None:
                        assert_same(a, b, f"gradient of {where}", 1e-9)


def _sharing(device: str) -> Callable[..., Tensor]:
    def tensor(array: Any, differentiable: bool) -> Tensor:
        made = torch.from_numpy(array).to(device)
        return made.requires_grad_() if differentiable else made

    return tensor


def _check_order(op: Op, name: str, laid: Sample, result: Any, where: str) -> None:
    value = outputs(result)[0]
    if not isinstance(value, Tensor) or value.numel() == 0:
        return
    arrays = laid.leaves(np.ndarray)
    if op.order == "channels_last" and value.ndim == 4:
        assert value.is_contiguous(memory_format=torch.channels_last), where
    elif op.order == "kept" and name in ("transposed", "channels-last"):
        same = all(a.shape == tuple(value.shape) for a in arrays)
        if same and arrays[0].strides != np.ascontiguousarray(arrays[0]).strides:
            order = np.array(arrays[0].strides) // arrays[0].itemsize
            assert value.stride() == tuple(order), f"{where}: strides {value.stride()}"


@each([op for op in ALL if op.view])
def test_views(op: Op, device: str) -> None:
    """Results share memory, version and history with their base."""
    for sample in op.samples():
        built = build(torch, sample, maker(device))
        base = built.leaves(Tensor)[0]
        for view in outputs(run(op, built)):
            assert view._base is base or view is base, sample
            if view.numel() and device == "cpu":
                assert np.shares_memory(view.array, base.array), sample
            version = base._version
            view.detach().add_(1)
            assert base._version == version + 1 == view._version, sample
    for sample in op.samples():
        if not sample.leaves(np.ndarray)[0].dtype.kind == "f":
            continue
        built = build(torch, sample, maker(device, gradient=True))
        leaf = built.leaves(Tensor)[0]
        base = leaf.clone()
        (view, *_) = outputs(run(op, built.map(lambda v, b=base, x=leaf: b if v is x else v)))
        base.mul_(3)  # the view sees it, and its gradient goes through it
        (gradient,) = torch.autograd.grad(view.sum(), leaf)
        values = np.unique(to_numpy(gradient))
        assert set(values.tolist()) <= set(3.0 * np.arange(40)), sample
        assert view.numel() == 0 or 3.0 <= values.max(), sample


@each([op for op in ALL if op.inplace])
def test_inplace(op: Op, device: str) -> None:
    """The in-place form gives the same values and gradients, returns its tensor, counts."""
    checked = 0
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
        if not built.args or not isinstance(built.args[0], Tensor):
            continue
        expected = run(op, built)
        leaf = built.args[0]
        if expected.shape != leaf.shape or expected.dtype is not leaf.dtype:
            continue
        checked += 1
        changed = leaf.clone()
        result = getattr(changed, op.inplace)(*built.args[1:], **built.kwargs)
        assert result is changed, sample
        assert changed._version == 1, sample
        assert_same(changed, expected, sample, 0.0)
        inputs = [t for t in built.leaves(Tensor) if t.requires_grad]
        if not expected.requires_grad:
            continue
        seed = _seeds([expected])
        for a, b in zip(
            torch.autograd.grad(changed, inputs, seed, allow_unused=True),
            torch.autograd.grad(expected, inputs, seed, allow_unused=True),
            strict=True,
        ):
            assert_same(a, b, f"gradient of {sample}")
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            getattr(leaf, op.inplace)(*built.args[1:], **built.kwargs)
    assert checked


# ---- errors


@each([op for op in ALL if op.invalid()])
def test_errors(op: Op, device: str) -> None:
    """Bad arguments raise PyTorch's exception and leave everything as it was."""
    for sample in op.invalid():
        built = build(torch, sample, maker(device))
        if sample.reads_values and not tables_by_device[device].reads_are_free:
            run(op, built)
            continue
        before = [t.clone() for t in built.leaves(Tensor)]
        with pytest.raises(sample.raises, match=sample.match):
            run(op, built)
            pytest.fail(f"{op}{sample} was accepted")
        for tensor, copy in zip(built.leaves(Tensor), before, strict=True):
            assert tensor._version == 0, sample
            assert_same(tensor, copy, sample, 0.0)


# ---- the table itself


def exported() -> dict[str, Any]:
    """What computes on tensors, by the name under which users find it."""
    found = {}
    functional = torch.nn.functional
    places: list[tuple[str, Any, Any]] = [
        ("", torch, dir(torch)),
        ("nn.functional.", functional, functional.__all__),
        ("Tensor.", Tensor, dir(Tensor)),
    ]
    for prefix, place, names in places:
        for name in names:
            value = getattr(place, name)
            value = value.fget if isinstance(value, property) else value
            module = getattr(value, "__module__", None) or ""
            if callable(value) and module.startswith(("rushlight.ops.", "rushlight.nn.functional")):
                found[prefix + name] = value
    return found


def covered() -> list[Any]:
    names = [name for op in ALL for name in (op.name, *op.covers)]
    names += [f"Tensor.{op.inplace}" for op in ALL if op.inplace]
    values = [_found(name) for name in names if " " not in name]
    return [v.fget if isinstance(v, property) else v for v in values]


def _found(name: str) -> Any:
    return samples.resolve(torch, name)


def test_everything_exported_has_its_row() -> None:
    rows = {id(value) for value in covered()}
    missing = [name for name, value in exported().items() if id(value) not in rows]
    assert not missing, f"no row in tests/samples covers {', '.join(sorted(missing))}"
