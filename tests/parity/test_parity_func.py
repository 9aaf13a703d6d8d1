"""Transforms of functions through Rushlight and PyTorch: values, shapes, dtypes, requires_grad."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

Case = Callable[[Any, Any], Any]
RANDOM = np.random.default_rng(3)
DATA = {
    "x": RANDOM.standard_normal((4, 3, 5)), "w": RANDOM.standard_normal((3, 5)),
    "m": RANDOM.standard_normal((4, 5, 2)), "v": RANDOM.standard_normal((4, 5)),
    "images": RANDOM.standard_normal((4, 2, 3, 8, 8)), "k": RANDOM.standard_normal((6, 3, 3, 3)),
    "kernels": RANDOM.standard_normal((4, 6, 3, 3, 3)),
    "places": RANDOM.integers(0, 3, (4, 2)), "table": RANDOM.standard_normal((3, 7)),
}  # fmt: skip


class Data:
    """The inputs of the cases as one library's tensors."""

    def __init__(self, library: Any) -> None:
        for name, array in DATA.items():
            setattr(self, name, library.from_numpy(array.copy()))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def _assigned(x: Any, place: Any, value: Any) -> Any:
    x = x.clone()
    x[place] = value
    return x


VMAP: dict[str, Case] = {
    "tensor on the right": lambda t, d: t.vmap(lambda a: a + d.w)(d.x),
    "tensor on the left": lambda t, d: t.vmap(lambda a: d.w - a * 2)(d.x),
    "sum": lambda t, d: t.vmap(lambda a: a.sum(-1, keepdim=True))(d.x),
    "max": lambda t, d: t.vmap(lambda a: tuple(a.max(1)))(d.x),
    "argmax of all": lambda t, d: t.vmap(lambda a: a.argmax())(d.x),
    "var": lambda t, d: t.vmap(lambda a: a.var(1))(d.x),
    "sum of one number": lambda t, d: t.vmap(lambda a: a.sum().sum(0))(d.x),
    "softmax": lambda t, d: t.vmap(lambda a: a.softmax(-1))(d.x),
    "sort": lambda t, d: t.vmap(lambda a: tuple(a.sort(0)))(d.x),
    "topk": lambda t, d: t.vmap(lambda a: tuple(a.topk(2)))(d.x),
    "matmul": lambda t, d: t.vmap(t.matmul)(d.x, d.m),
    "matmul by one matrix": lambda t, d: t.vmap(lambda a: a @ d.w.T)(d.x),
    "matrix times vectors": lambda t, d: t.vmap(lambda a: d.w @ a)(d.v),
    "dot": lambda t, d: t.vmap(t.dot)(d.v, d.v),
    "linear of many weights":
        lambda t, d: t.vmap(
            lambda a, b: t.nn.functional.linear(b, a, a[:, 0]), in_dims=(0, None)
        )(d.x, d.x[0]),
    "convolution": lambda t, d: t.vmap(
        lambda a: t.nn.functional.conv2d(a, d.k, padding=1))(d.images),
    "convolution with many weights": lambda t, d: t.vmap(
        lambda a: t.nn.functional.conv2d(d.images[0], a, a[:, 0, 0, 0]))(d.kernels),
    "convolutions": lambda t, d: t.vmap(t.nn.functional.conv2d)(d.images, d.kernels),
    "transposed convolutions": lambda t, d: t.vmap(
        lambda a, b: t.nn.functional.conv_transpose2d(a, b.transpose(0, 1)))(d.images, d.kernels),
    "max pool": lambda t, d: t.vmap(lambda a: t.nn.functional.max_pool2d(a, 2))(d.images),
    "adaptive pool": lambda t, d: t.vmap(
        lambda a: t.nn.functional.adaptive_avg_pool2d(a, 1))(d.images),
    "batch norm": lambda t, d: t.vmap(
        lambda a: t.nn.functional.batch_norm(a, None, None, training=True))(d.images),
    "rows by batched indices": lambda t, d: t.vmap(lambda i: d.table[i])(d.places),
    "rows by a batched number": lambda t, d: t.vmap(lambda a, i: a[i])(d.x, d.places[:, 0]),
    "columns by batched indices": lambda t, d: t.vmap(lambda a, i: a[:, i])(d.x, d.places),
    "index among views": lambda t, d: t.vmap(lambda a, i: a[None, i, 1:])(d.x, d.places),
    "index by a tensor": lambda t, d: t.vmap(lambda a: a[t.tensor([0, 2])])(d.x),
    "index_select": lambda t, d: t.vmap(lambda i: d.table.index_select(0, i))(d.places),
    "gather": lambda t, d: t.vmap(
        lambda a, i: a.gather(0, i[:, None].expand(2, 5)))(d.x, d.places),
    "index_put": lambda t, d: t.vmap(
        lambda i, b: t.zeros(3).double().index_put((i,), b[:2], accumulate=True))(d.places, d.v),
    "assignment": lambda t, d: t.vmap(
        lambda a, i: _assigned(a, (i, slice(1, None)), 7.0))(d.x, d.places),
    "one_hot": lambda t, d: t.vmap(lambda i: t.nn.functional.one_hot(i, 3))(d.places),
    "where": lambda t, d: t.vmap(lambda a: t.where(a > 0, a, 0.0))(d.x),
    "cat": lambda t, d: t.vmap(lambda a: t.cat([a, d.w], 1))(d.x),
    "stack": lambda t, d: t.vmap(lambda a: t.stack([d.w, a], 1))(d.x),
    "views": lambda t, d: t.vmap(lambda a: a.transpose(0, 1).reshape(-1)[1::2, None])(d.x),
    "in place": lambda t, d: t.vmap(lambda a: a.clone().add_(1).mul_(a))(d.x),
    "in place on zeros": lambda t, d: t.vmap(lambda a: a.new_zeros(5).add_(a[0]))(d.x),
    "cross entropy": lambda t, d: t.vmap(t.nn.functional.cross_entropy)(
        d.x.transpose(1, 2)[:, :2], d.places),
    "nested": lambda t, d: t.vmap(t.vmap(lambda a, b: a * b + d.w[0]))(d.x, d.x),
    "of a closure": lambda t, d: t.vmap(lambda a: t.vmap(lambda b: a @ b)(d.x[:, 0]))(d.m.mT),
    "in_dims and out_dims": lambda t, d: t.vmap(
        lambda a, b: a * b, in_dims=(1, None), out_dims=-1)(d.x, d.x[:, 0]),
    "several out_dims": lambda t, d: t.vmap(lambda a: (a, a.sum()), out_dims=(1, 0))(d.x),
    "trees": lambda t, d: t.vmap(
        lambda p: {"s": p["a"] + p["b"][0]}, in_dims=({"a": 0, "b": (None,)},)
    )({"a": d.x, "b": (d.w,)}),
    "chunks": lambda t, d: t.vmap(lambda a: a * 2, chunk_size=3)(d.x),
    "keyword arguments": lambda t, d: t.vmap(lambda a, b: a + b)(d.x, b=d.x),
    "nothing of the batch": lambda t, d: t.vmap(lambda a: t.ones(2))(d.x),
}  # fmt: skip

GRADIENTS: dict[str, Case] = {
    "grad": lambda t, d: t.func.grad(lambda a: (a**3).sum())(d.x),
    "grad of grad": lambda t, d: t.func.grad(t.func.grad(lambda a: a**4))(d.x[0, 0, 0]),
    "several arguments": lambda t, d: t.func.grad_and_value(
        lambda a, b: (a * b).sum(), argnums=(1, 0))(d.v[0], d.v[1]),
    "has_aux": lambda t, d: t.func.grad(lambda a: (a.sum(), (a * 2, a)), has_aux=True)(d.v),
    "trees": lambda t, d: t.func.grad(lambda p: (p["a"] * p["b"]).sum())({"a": d.v, "b": d.v * 2}),
    "unused": lambda t, d: t.func.grad(lambda a, b: b.sum(), argnums=0)(d.v, d.v),
    "outside": lambda t, d: (lambda b: t.func.grad(lambda a: (a * b).sum())(d.w))(
        (d.w * 2).requires_grad_()),
    "vmap of grad": lambda t, d: t.vmap(t.func.grad(lambda a: (a**3).sum()))(d.x),
    "grad of vmap": lambda t, d: t.func.grad(
        lambda a: t.vmap(lambda b: b.sin() * a)(d.x).sum())(d.w),
    "of each example": lambda t, d: t.vmap(
        t.func.grad(lambda p, b: ((p * b) ** 2).sum()), in_dims=(None, 0))(d.w, d.x),
    "grad of those": lambda t, d: t.func.grad(
        lambda q: (t.vmap(t.func.grad(lambda p, b: ((p * b) ** 3).sum()), in_dims=(None, 0))(
            q, d.x) ** 2).sum())(d.w),
    "vjp": lambda t, d: t.func.vjp(lambda a: (a.sin(), a * 2), d.v)[1]((d.v, d.v)),
    "jacrev": lambda t, d: t.func.jacrev(lambda a: a.sin() @ d.m[0])(d.w),
    "jacrev in chunks": lambda t, d: t.func.jacrev(lambda a: a**2, chunk_size=2)(d.v[0]),
    "jacrev of several": lambda t, d: t.func.jacrev(
        lambda a, b: (a * b, {"s": a.sum()}), argnums=(0, 1))(d.v[0], d.v[1]),
    "jacrev has_aux": lambda t, d: t.func.jacrev(
        lambda a: (a.sin(), a + 1), has_aux=True)(d.v[0]),
    "jacrev of jacrev": lambda t, d: t.func.jacrev(t.func.jacrev(lambda a: (a**3).sum()))(d.v[0]),
    "jacrev of a convolution": lambda t, d: t.func.jacrev(
        lambda a: t.nn.functional.conv2d(d.images[0], a).sum((0, 2, 3)))(d.k),
    "jacfwd": lambda t, d: t.func.jacfwd(lambda a: a.sin() @ d.m[0])(d.w),
    "jacfwd of several": lambda t, d: t.func.jacfwd(
        lambda a, b: (a * b, a.sum()), argnums=(0, 1))(d.v[0], d.v[1]),
    "jacfwd of a convolution": lambda t, d: t.func.jacfwd(
        lambda a: t.nn.functional.conv2d(d.images[0], a).relu().sum((0, 2, 3)))(d.k),
    "hessian": lambda t, d: t.func.hessian(lambda a: (a.sin() ** 2).sum(0).exp().sum())(d.w),
    "hessian of several": lambda t, d: t.func.hessian(
        lambda a, b: (a * b * b).sum(), argnums=(0, 1))(d.v[0], d.v[1]),
    "vmap of hessian": lambda t, d: t.vmap(t.func.hessian(lambda a: a.exp().sum() ** 2))(d.v),
    "jvp": lambda t, d: t.func.jvp(lambda a: a.sin() * a, (d.v,), (d.v,)),
    "jvp of several": lambda t, d: t.func.jvp(
        lambda a, b: (a * b, a.exp()), (d.v, d.v + 1), (d.v, d.v * 2)),
    "jvp has_aux": lambda t, d: t.func.jvp(lambda a: (a.sin(), a), (d.v,), (d.v,), has_aux=True),
    "jvp of jvp": lambda t, d: t.func.jvp(
        lambda a: t.func.jvp(lambda b: b**3, (a,), (a,))[1], (d.v,), (d.v,)),
    "jvp of grad": lambda t, d: t.func.jvp(
        t.func.grad(lambda a: (a**3).sum()), (d.v,), (d.v,)),
    "grad of jvp": lambda t, d: t.func.grad(
        lambda a: t.func.jvp(t.sin, (a,), (a,))[1].sum())(d.v),
    "vmap of jvp": lambda t, d: t.vmap(lambda a: t.func.jvp(t.sin, (a,), (a,))[1])(d.v),
    "linearize": lambda t, d: t.func.linearize(lambda a: a**3, d.v)[1](d.v),
}  # fmt: skip


def found(library: Any, case: Case) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return case(library, Data(library))


def assert_same(actual: Any, expected: Any) -> None:
    if isinstance(expected, torch.Tensor):
        assert isinstance(actual, rushlight.Tensor)
        assert tuple(actual.shape) == tuple(expected.shape)
        assert str(actual.dtype) == str(expected.dtype)
        assert actual.requires_grad == expected.requires_grad
        np.testing.assert_allclose(
            actual.detach().numpy(), expected.detach().numpy(), rtol=1e-8, atol=1e-10
        )
    elif isinstance(expected, dict):
        assert list(actual) == list(expected)
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, (tuple, list)):
        assert type(actual) is type(expected) and len(actual) == len(expected)
        for a, b in zip(actual, expected, strict=True):
            assert_same(a, b)
    else:
        assert actual == expected


@pytest.mark.parametrize("name", VMAP)
def test_vmap(name: str) -> None:
    assert_same(found(rushlight, VMAP[name]), found(torch, VMAP[name]))


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    assert_same(found(rushlight, GRADIENTS[name]), found(torch, GRADIENTS[name]))


REFUSALS: dict[str, Case] = {
    "item": lambda t, d: t.vmap(lambda a: a.sum().item())(d.x),
    "if": lambda t, d: t.vmap(lambda a: a if a.sum() > 0 else -a)(d.x),
    "nonzero": lambda t, d: t.vmap(lambda a: a.nonzero())(d.x),
    "random": lambda t, d: t.vmap(lambda a: a + t.rand(3, 1))(d.x),
    "dropout": lambda t, d: t.vmap(lambda a: t.nn.functional.dropout(a))(d.x),
    "in place on what is not batched": lambda t, d: t.vmap(lambda a: d.w.add_(a))(d.x),
    "a number as result": lambda t, d: t.vmap(lambda a: 1)(d.x),
    "in_dims too large": lambda t, d: t.vmap(lambda a: a, in_dims=5)(d.x),
    "in_dims of another form": lambda t, d: t.vmap(lambda a: a, in_dims=(0, 0))(d.x),
    "in_dims of a float": lambda t, d: t.vmap(lambda a: a, in_dims=1.5)(d.x),
    "sizes that differ": lambda t, d: t.vmap(lambda a, b: a)(d.x, d.w),
    "no inputs": lambda t, d: t.vmap(lambda: 1)(),
    "a number as input": lambda t, d: t.vmap(lambda a, b: a)(d.x, 2),
    "nothing batched": lambda t, d: t.vmap(lambda a: a, in_dims=None)(d.x),
    "out_dims of another form": lambda t, d: t.vmap(lambda a: a, out_dims=(0, 0))(d.x),
    "a batch for out_dims None": lambda t, d: t.vmap(lambda a: a, out_dims=None)(d.x),
    "randomness": lambda t, d: t.vmap(lambda a: a, randomness="some"),
    "no scalar": lambda t, d: t.func.grad(lambda a: a)(d.x),
    "no tensor": lambda t, d: t.func.grad(lambda a: 1)(d.x),
    "argnums": lambda t, d: t.func.grad(lambda a: a.sum(), argnums=2)(d.x),
    "argnums twice": lambda t, d: t.func.grad(lambda a: a.sum(), argnums=(0, 0))(d.x),
    "no argnums": lambda t, d: t.func.grad(lambda a: a.sum(), argnums=())(d.x),
    "no aux": lambda t, d: t.func.grad(lambda a: a.sum(), has_aux=True)(d.x),
    "whole numbers": lambda t, d: t.func.grad(lambda a: a.sum())(d.places),
    "cotangents of another form": lambda t, d: t.func.vjp(t.sin, d.v)[1]((d.v, d.v)),
    "vjp of whole numbers": lambda t, d: t.func.vjp(lambda a: d.places, d.v),
    "tangents of another form": lambda t, d: t.func.jvp(t.sin, (d.v,), (d.v, d.v)),
    "tangents of another shape": lambda t, d: t.func.jvp(t.sin, (d.v,), (d.w,)),
    "a list of primals": lambda t, d: t.func.jvp(t.sin, [d.v], [d.v]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011
        REFUSALS[name](torch, Data(torch))
    with pytest.raises(type(expected.value)):
        REFUSALS[name](rushlight, Data(rushlight))
