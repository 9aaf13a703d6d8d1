"""Every row of the sample table under `vmap`: as one example after the other, gradients too."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import rushlight as torch
from ops_support import ALL, each, floating_outputs, function_of, maker, pairs, to_numpy
from rushlight import Tensor
from rushlight.random import default_generator
from samples import Op, Sample, build

# What PyTorch refuses under vmap, too: values go to Python, or a shape depends on them.
REFUSED = ("data-dependent", "dynamic shape", "randomness error mode", "not being vmapped over",
           "must only return Tensors", "running_mean or running_var", "Cannot access")  # fmt: skip


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


def values(results: list[Any]) -> list[Any]:
    return [t for t in results if isinstance(t, Tensor)]


@pytest.mark.parametrize("which", ["all", "first", "others"])
@each(ALL)
def test_a_batch_is_its_examples(op: Op, which: str, device: str) -> None:
    for sample, examples in batches(op, device):
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
                if any(words in str(error) for words in REFUSED):
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
