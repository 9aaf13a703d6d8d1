"""Values and gradients where functions have corners: ties, zeros, infinities, nan, beside PyTorch.

Each sample of the table is made again with such numbers in the places of its own, so that an
operation is held to PyTorch's choice at its corners from the day its row is there.
"""

from __future__ import annotations

import importlib
import zlib
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from samples import Op, Sample, build, outputs

Array = np.ndarray[Any, Any]

FAMILIES = (
    "activation", "choices", "comparison", "copies", "elementwise", "indexing", "loss",
    "normalization", "padding", "pooling", "reduction", "shape", "softmax", "trigonometry",
)  # fmt: skip
ROWS = [
    op for family in FAMILIES for op in importlib.import_module(f"samples.{family}").ops
    if op.differentiable
]  # fmt: skip
FINITE = (0.0, -0.0, 1.0, 1.0, -1.0, 2.0, 2.0, 0.5, 3.0, -3.0, -2.0, 100.0, -100.0)
ALL = (*FINITE, np.nan, np.inf, -np.inf)

# What is not held to PyTorch, and why; the second where infinities and nan are among the numbers.
ELSEWHERE = {
    "topk": "which of equal elements come first is left open",
    "acosh": "PyTorch has slopes where the function has no value",
    "Tensor.bfloat16": "NumPy has no such elements",
}  # fmt: skip
ELSEWHERE_BEYOND = {
    "nn.functional.binary_cross_entropy_with_logits": "targets and weights are no infinities",
    "nn.functional.batch_norm": "in training what infinities are averaged to is nan here",
    "nn.functional.elu": "PyTorch's slope at nan depends on the size",
    "nn.functional.hardswish": "PyTorch's slope at nan depends on the size",
    "nn.functional.fractional_max_pool2d": "of several nans the first is taken, there the last",
    "nn.functional.fractional_max_pool3d": "of several nans the first is taken, there the last",
    "prod": "PyTorch divides the product by an element, which gives nan beside infinities",
    "sub": "PyTorch multiplies complex numbers by alpha, so that an infinity brings a nan along",
}  # fmt: skip


def corners(op: Op, pool: tuple[float, ...]) -> list[Sample]:
    """The samples of a row with numbers of the pool in the places of its floats."""
    random = np.random.default_rng(zlib.crc32(op.name.encode()))

    def change(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return random.choice(pool, value.shape).astype(np.float64).reshape(value.shape)
        return value

    return [sample.map(change) for sample in op.samples()]


def tensors(library: Any) -> Any:
    def tensor(array: Array, differentiable: bool) -> Any:
        return library.from_numpy(array.copy()).requires_grad_(differentiable)

    return tensor


def outcome(op: Op, library: Any, sample: Sample) -> Any:
    """The results and the gradients of all inputs, or the name of the exception."""
    built = build(library, sample, tensors(library))
    try:
        result = op.function(library)(*built.args, **built.kwargs)
    except (RuntimeError, TypeError, ValueError, IndexError) as error:
        kinds = (IndexError, RuntimeError, TypeError, ValueError)
        return next(kind.__name__ for kind in kinds if isinstance(error, kind))
    results = [t for t in outputs(result) if isinstance(t, library.Tensor)]
    recorded = [t for t in results if t.requires_grad]
    inputs = [t for t in built.leaves(library.Tensor) if t.requires_grad]
    found = [None for _ in inputs]
    if recorded and type(recorded[0].grad_fn).__name__ != "NotImplemented":
        seeds = [library.ones_like(t) for t in recorded]
        found = library.autograd.grad(recorded, inputs, seeds, allow_unused=True)
    gradients = [
        library.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)
    ]
    return [t.detach().resolve_conj().numpy() for t in (*results, *gradients)]


@pytest.mark.parametrize("pool", [FINITE, ALL], ids=["finite", "all"])
@pytest.mark.parametrize("op", ROWS, ids=str)
def test_corners(op: Op, pool: tuple[float, ...]) -> None:
    skipped = ELSEWHERE if pool is FINITE else {**ELSEWHERE, **ELSEWHERE_BEYOND}
    if op.name in skipped:
        pytest.skip(skipped[op.name])
    for sample in corners(op, pool):
        with np.errstate(all="ignore"):
            ours, theirs = (outcome(op, library, sample) for library in (rushlight, torch))
        what = f"{op}{sample}: {[a.tolist() for a in sample.leaves(np.ndarray)]}"
        if isinstance(ours, str) or isinstance(theirs, str):
            assert ours == theirs, what
            continue
        assert len(ours) == len(theirs), what
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9, err_msg=what)
