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
    assert_same,
    each,
    floating_outputs,
    gradients,
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
def test_gradients_belong_to_their_inputs(op: Op, device: str) -> None:
    """Their shape, dtype and device; and no memory shared with each other, with the seed or with
    what was saved."""
    for sample in op.samples():
        built = build(torch, sample, maker(device, gradient=True))
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
        seed = seeds_of([expected])
        for a, b in zip(
            torch.autograd.grad(changed, inputs, seed, allow_unused=True),
            torch.autograd.grad(expected, inputs, seed, allow_unused=True),
            strict=True,
        ):
            assert_same(a, b, f"gradient of {sample}")
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            getattr(leaf, op.inplace)(*built.args[1:], **built.kwargs)
    assert checked
