"""Every operation and memory: its order, views, in-place forms, changes of what was saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from ops_support import (
    ALL,
    DIFFERENTIABLE,
    WITH_OUT,
    assert_same,
    each,
    floating_outputs,
    gradients,
    inplace_form,
    is_finite,
    maker,
    run,
    seeds_of,
    to_numpy,
)
from rushlight import Tensor
from rushlight.autograd.node import nodes_from
from rushlight.kernels.launch import kernels as kernel_tables
from rushlight.tensor import wrap
from samples import Op, Sample, build, outputs

# ---- gradients


@each(DIFFERENTIABLE)
def test_gradients_belong_to_their_inputs(op: Op, real_device: str) -> None:
    """Their shape, dtype and device; and no memory shared with each other, with the seed or with
    what was saved."""
    for sample in op.samples():
        built = build(torch, sample, maker(real_device, gradient=True))
        results = floating_outputs(run(op, built))
        if not results:
            continue
        seeds = [torch.ones_like(t) for t in results]
        torch.autograd.backward(results, seeds, retain_graph=True)
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
        for saved in _saved_tensors(results):
            assert not any(_share_memory(t.grad, saved) for t in inputs), sample


def _saved_tensors(results: list[Tensor]) -> list[Tensor]:
    saved = [value for node in nodes_from(results) for value in node._saved]
    return [
        v if isinstance(v, Tensor) else wrap(v)
        for v in saved if isinstance(v, Tensor) or type(v) in kernel_tables
    ]  # fmt: skip


def _share_memory(a: Tensor, b: Tensor) -> bool:
    return a.numel() > 0 and np.shares_memory(a.cpu().array, b.cpu().array)


@each(DIFFERENTIABLE)
def test_change_of_an_input_is_noticed(op: Op, real_device: str) -> None:
    """After an in-place change backward either gives the right gradients still, or refuses."""
    for sample in op.samples():
        built = build(torch, sample, maker(real_device, gradient=True))
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
            seeds = seeds_of(results)
            with torch.no_grad():
                try:
                    targets[changed].add_(1)
                except RuntimeError as error:  # one of several views, or an expanded tensor
                    assert "view" in str(error) or "written-to" in str(error), sample
                    continue
            try:
                actual = torch.autograd.grad(results, leaves, seeds, allow_unused=True)
            except RuntimeError as error:
                assert "modified by an inplace operation" in str(error), sample
                continue
            for a, b in zip(actual, expected, strict=True):
                if b is not None:
                    assert_same(a, b, f"{sample} after input {changed} changed")


# ---- order


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


@each([op for op in ALL if op.layouts and not op.random])
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
            base.detach().add_(1)
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


@each([op for op in ALL if inplace_form(op)])
def test_inplace(op: Op, device: str) -> None:
    """The in-place form gives the same values and gradients, returns its tensor, counts."""
    inplace = inplace_form(op)
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
        result = inplace(changed, *built.args[1:], **built.kwargs)
        assert result is changed, sample
        assert changed._version == 1, sample
        assert_same(changed, expected, sample, 1e-15)  # kernels may round otherwise, in place
        inputs = [t for t in built.leaves(Tensor) if t.requires_grad]
        if not floating_outputs(expected):
            assert not op.differentiable or not inputs, sample
            continue
        seed = seeds_of([expected])
        for a, b in zip(
            torch.autograd.grad(changed, inputs, seed, allow_unused=True),
            torch.autograd.grad(expected, inputs, seed, allow_unused=True),
            strict=True,
        ):
            assert_same(a, b, f"gradient of {sample}")
        if leaf.requires_grad:
            with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
                inplace(leaf, *built.args[1:], **built.kwargs)
    assert checked or not op.differentiable


# ---- out=


def targets_like(results: list[Tensor], change: Callable[[Tensor], Tensor]) -> Any:
    made = tuple(change(r) for r in results)
    return made if len(made) > 1 else made[0]


def call_with(op: Op, built: Sample, out: Any) -> Any:
    return op.function(torch)(*built.args, **built.kwargs, out=out)


@each(WITH_OUT)
def test_out(op: Op, device: str) -> None:
    """`out` gets the values, whatever its shape and memory order were, and is returned."""
    fillings: list[Callable[[Tensor], Tensor]] = [
        lambda r: torch.full_like(r, 7), lambda r: torch.full(r.shape[::-1], 7, dtype=r.dtype,
                                                              device=r.device).permute(
            tuple(range(r.ndim))[::-1]),
        lambda r: torch.empty(0, dtype=r.dtype, device=r.device),
    ]  # fmt: skip
    for sample in op.samples():
        built = build(torch, sample, maker(device))
        torch.manual_seed(1)
        expected = outputs(run(op, built))
        if not all(isinstance(t, Tensor) for t in expected):
            continue
        for filled in fillings:
            out = targets_like(expected, filled)
            torch.manual_seed(1)
            result = call_with(op, built, out)
            assert [id(t) for t in outputs(result)] == [id(t) for t in outputs(out)], sample
            for a, b in zip(outputs(out), expected, strict=True):
                assert_same(a, b, sample, 1e-12)
                assert a.dtype is b.dtype and a._version > 0, sample


@each([op for op in WITH_OUT if op.differentiable])
def test_out_refuses(op: Op, device: str) -> None:
    """Gradients, dtypes that the result cannot become, and what is no tensor; nothing changes."""
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
        expected = outputs(run(op, built))
        if not all(isinstance(t, Tensor) and t.is_floating_point() for t in expected):
            continue
        if len(expected) > 1 or not any(t.requires_grad for t in built.leaves(Tensor)):
            continue
        out = torch.zeros_like(expected[0])
        with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
            call_with(op, built, out)
        with torch.no_grad():
            whole = torch.zeros(expected[0].shape, dtype=torch.int64, device=device)
            if getattr(op.function(torch), "out", "cast") != "decides":  # what is cut to Long
                with pytest.raises(RuntimeError, match="can't be cast to the desired output type"):
                    call_with(op, built, whole)
            with pytest.raises(TypeError, match="argument 'out' must be Tensor, not str"):
                call_with(op, built, "there")
        assert not to_numpy(out).any() and not to_numpy(whole).any(), sample


def test_out_of_another_shape_warns() -> None:
    out = torch.zeros(3)
    with pytest.warns(UserWarning, match="An output with one or more elements was resized"):
        torch.add(torch.ones(2), torch.ones(2), out=out)
    assert out.tolist() == [2.0, 2.0]


def test_out_may_be_an_operand() -> None:
    x = torch.arange(6.0)
    torch.add(x[:3], x[3:], out=x[3:])
    assert x.tolist() == [0.0, 1.0, 2.0, 3.0, 5.0, 7.0]
    torch.exp(x[:2], out=x[:2])
    assert x[:2].tolist() == pytest.approx([1.0, 2.7182818])


@pytest.mark.parametrize("call", [
    lambda x, out: torch.neg(x, out=out), lambda x, out: torch.matmul(x, x, out=out),
    lambda x, out: torch.amax(x, 0, out=out),
    lambda x, out: torch.aminmax(x, out=(out, torch.empty(()))),
    lambda x, out: torch.multinomial(x, 1, out=out), lambda x, out: torch.t_copy(x, out=out),
])  # fmt: skip
def test_out_must_have_the_dtype(call: Any) -> None:
    out = torch.zeros(2, 2, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="Expected out tensor to have dtype torch.* got torch.f"):
        call(torch.ones(2, 2), out)
    assert not out.any()


def test_cat_into_its_operand() -> None:
    x = torch.arange(6.0)
    with pytest.raises(RuntimeError, match="given an out that shares memory"):
        torch.cat([x[:2], x[2:4]], out=x[:4])
    nothing = torch.zeros(0)
    with pytest.raises(RuntimeError, match="given an out that shares memory"):
        torch.cat([nothing, x], out=nothing)
    wide = torch.zeros(4, dtype=torch.float64)
    assert torch.cat([x[:2], x[2:4]], out=wide).tolist() == [0.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("name", ["div_", "atan2_", "copysign_", "exp_", "sqrt_"])
def test_whole_numbers_hold_no_fractions(name: str) -> None:
    """In place nothing is converted: what would give floats is refused, and changes nothing."""
    x = torch.tensor([3, 4])
    with pytest.raises(RuntimeError, match="result type Float can't be cast to .* type Long"):
        operands = [] if name in ("exp_", "sqrt_") else [torch.tensor([2, 2])]
        getattr(x, name)(*operands)
    assert x.tolist() == [3, 4] and x._version == 0


def test_changes_in_place_by_functions_are_written_by_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`clamp_` and its like make no second array, and one node of their own."""
    x = torch.linspace(-2, 2, 5)
    table = type(kernel_tables[type(x.array)])
    monkeypatch.setattr(table, "copy", None)
    assert x.clamp_(-1.0, 1.0).tolist() == [-1, -1, 0, 1, 1]
    assert x.addcmul_(x, x, value=1.0).tolist() == [0, 0, 0, 2, 2]
    assert torch.clamp(x, 0.5, 1.5, out=torch.ones(5)).tolist() == [0.5, 0.5, 0.5, 1.5, 1.5]
    y = torch.ones(3, requires_grad=True) * 2
    y.clamp_(0.0, 1.0)
    assert type(y.grad_fn).__name__ == "ClampBackward0"


def test_an_operation_within_a_function_is_not_its_last() -> None:
    """`round` with decimals rounds a scaled copy: that is not what the tensor becomes."""
    x = torch.tensor([0.126, 0.254])
    assert x.round_(decimals=2) is x
    assert x.tolist() == torch.tensor([0.13, 0.25]).tolist()
