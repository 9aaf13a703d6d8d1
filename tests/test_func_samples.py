"""Every row of the sample table under `vmap`: as one example after the other, gradients too."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import rushlight as torch
from ops_support import (
    ALL,
    each,
    floating_outputs,
    function_of,
    maker,
    pairs,
    seeds_of,
    to_numpy,
)
from rushlight import Tensor
from rushlight.random import default_generator
from samples import Op, Sample, build

pytestmark = pytest.mark.any_kernels

# What PyTorch refuses under vmap, too: values go to Python, or a shape depends on them.
REFUSED = ("data-dependent", "dynamic shape", "randomness error mode", "must only return Tensors",
           "running_mean or running_var", "Cannot access")  # fmt: skip


def batches(op: Op, device: str = "cpu") -> list[tuple[Sample, list[list[Tensor]]]]:
    """The samples, and the tensors of two examples where these are alike."""
    found = []
    tensor = maker(device)
    for first, second in pairs(op):
        one, other = build(torch, first, tensor), build(torch, second, tensor)
        examples = [one.leaves(Tensor), other.leaves(Tensor)]
        alike = all(
            a.shape == b.shape and a.dtype == b.dtype
            for a, b in zip(*examples, strict=True)
        )  # fmt: skip
        if alike and examples[0]:
            found.append((one, examples))
    return found


def is_refused(op: Op, message: str) -> bool:
    """Whether PyTorch refuses it under vmap, too."""
    if "not being vmapped over" in message:  # a tensor that all examples share is to be changed
        return op.name.endswith("_") or op.name.startswith("in-place")
    return any(words in message for words in REFUSED)


def values(results: list[Any]) -> list[Any]:
    return [t for t in results if isinstance(t, Tensor)]


@pytest.mark.parametrize("which", ["all", "first", "others"])
@each(ALL)
def test_a_batch_is_its_examples(op: Op, which: str, real_device: str) -> None:
    for sample, examples in batches(op, real_device):
        function = function_of(op, sample, True)

        def call(*given: Tensor, function: Any = function) -> list[Tensor]:
            return values(function(*[t.clone() for t in given]))

        count = len(examples[0])
        is_batched = [which == "all" or (which == "first") == (i == 0) for i in range(count)]
        if not any(is_batched):
            continue
        examples[1] = [  # what is not batched is the same for both
            b if here else a for a, b, here in zip(*examples, is_batched, strict=True)
        ]
        given = [
            torch.stack([a, b]) if here else a
            for a, b, here in zip(*examples, is_batched, strict=True)
        ]
        state = default_generator.get_state()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                in_dims = tuple([0 if here else None for here in is_batched])
                found = torch.vmap(call, in_dims=in_dims)(*given)
            except RuntimeError as error:
                default_generator.set_state(state)
                if is_refused(op, str(error)):
                    continue
                raise
        for number, example in enumerate(examples):
            for batch, alone in zip(found, call(*example), strict=True):
                assert batch.dtype == alone.dtype, sample
                assert_close(batch[number], alone, sample)


def assert_close(actual: Tensor, expected: Tensor, sample: Any) -> None:
    torch_values = to_numpy(actual), to_numpy(expected)
    assert torch_values[0].shape == torch_values[1].shape, sample
    tolerance = {"float16": 2e-3, "bfloat16": 2e-2, "float32": 1e-5}.get(
        str(actual.dtype).removeprefix("torch."), 1e-9
    )
    assert torch_values[0] == pytest.approx(
        torch_values[1], rel=tolerance, abs=tolerance, nan_ok=True
    ), sample


@each([op for op in ALL if op.differentiable])
def test_gradients_of_each_example(op: Op) -> None:
    for sample, examples in batches(op)[:3]:
        function = function_of(op, sample, True)
        places = [i for i, t in enumerate(examples[0]) if t.is_floating_point()]
        if not places:
            continue

        def loss(*given: Tensor, function: Any = function) -> Tensor:
            roots = floating_outputs(function(*[t.clone() for t in given]))
            roots = [t for t in roots if not t.is_complex()]
            return sum([(t * (1 + t.detach())).sum() for t in roots], torch.zeros(()).double())

        gradient = torch.func.grad(loss, argnums=tuple(places))
        stacked = [torch.stack(pair) for pair in zip(*examples, strict=True)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = torch.vmap(gradient)(*stacked)
            except RuntimeError as error:
                if any(words in str(error) for words in (*REFUSED, "is not implemented")):
                    continue
                raise
        for number, example in enumerate(examples):
            for batch, alone in zip(found, gradient(*example), strict=True):
                assert_close(batch[number], alone, sample)


@each([op for op in ALL if op.differentiable])
def test_tangents_are_those_of_the_backward(op: Op) -> None:
    """The product of Jacobian, tangents and cotangents is the same from both sides."""
    for sample, (given, _) in batches(op)[:3]:
        places = [i for i, t in enumerate(given) if t.is_floating_point() or t.is_complex()]
        function = function_of(op, sample, True)

        def call(*values: Tensor, function: Any = function, places: Any = places) -> list[Tensor]:
            whole = [t.clone() for t in given]  # noqa: B023  # called within the turn
            for place, value in zip(places, values, strict=True):
                whole[place] = value.clone()
            return floating_outputs(function(*whole))

        primals = tuple([given[i] for i in places])
        tangents = tuple(seeds_of(list(primals)))
        state = default_generator.get_state()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                outputs, pull = torch.func.vjp(call, *primals)
                default_generator.set_state(state)
                same, pushed = torch.func.jvp(call, primals, tangents)
            except RuntimeError as error:
                if any(words in str(error) for words in (*NO_TANGENTS, "non-empty output")):
                    continue
                raise
        default_generator.set_state(state)
        line = torch.func.linearize(call, *primals)[1]
        cotangents = seeds_of(outputs)
        pulled = pull(cotangents)
        for output, again, tangent in zip(outputs, same, pushed, strict=True):
            assert_close(again, output, sample)
            assert tangent.shape == output.shape and tangent.dtype is output.dtype, sample
        for tangent, again in zip(pushed, line(*tangents), strict=True):
            assert_close(again, tangent, sample)
        # Others are rounded on their way, or have no numbers for tangents.
        if all(t.element_size() >= 8 and t.isfinite().all() for t in outputs):
            assert_close(inner(cotangents, pushed), inner(pulled, tangents), sample)


# Whose backward cannot be differentiated, in PyTorch neither.
NO_TANGENTS = ("is not implemented",)


def inner(left: Any, right: Any) -> Tensor:
    """The scalar product of two lists of tensors, complex numbers counting as two real ones."""
    parts = [
        (a.conj() * b).real.sum() if a.is_complex() else (a * b).sum()
        for a, b in zip(left, right, strict=True)
    ]  # fmt: skip
    return sum(parts, torch.zeros(()).double())
