"""Which dtypes operations take, and what comes of them: each row of the table, each dtype.

All floating operands of a sample are made of one dtype. Then both libraries refuse them, ours with
an exception that `except` clauses for PyTorch's catch, or both give results of the same dtypes.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Fixed, Op, Sample, build, outputs

ROWS = [op for op in samples.table if not op.random or op.samples()]
WHOLE = ("bool", "uint8", "int8", "int16", "int32", "int64")
HALVES = ("float16", "bfloat16")
INEXACT = (*HALVES, "float32", "float64", "complex64", "complex128")
LIBRARIES = (rushlight, torch)
KINDS = (
    NotImplementedError, IndexError, TypeError, ValueError, RuntimeError, AssertionError, KeyError,
)  # fmt: skip
SAMPLES = 3  # of a row
LARGEST = 3000  # elements of a sample

# Of these PyTorch's CPU build has a kernel for int64 and none for smaller integers, ours for all.
SMALL_INTEGERS = {
    "conv1d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution",
}  # fmt: skip
LACK_HALVES = {"histogram", "histogramdd"}  # of which PyTorch takes some
# Checked here as the functional is, which takes floats alone; PyTorch computes whatever comes.
FLOATS_ALONE = {
    "affine_grid_generator", "rnn_tanh", "rnn_tanh_cell", "rnn_relu", "packed rnn_relu",
    "rnn_relu_cell",
}  # fmt: skip
# Complex numbers that PyTorch refuses by an error of its own Python, or takes by its absence: an
# order of theirs, and means that only some layers have.
COMPLEX = {
    "convolution", "masked.amax", "masked.amin", "masked.argmax", "masked.argmin", "masked.softmax",
    "masked.softmin", "masked.log_softmax", "masked.logaddexp", "masked.median",
    "nn.functional.adaptive_avg_pool1d", "nn.functional.adaptive_avg_pool2d",
    "nn.functional.adaptive_avg_pool3d", "nn.functional.soft_margin_loss",
}  # fmt: skip


def converted(array: Any, dtype: str) -> Any:
    """Numbers that a whole dtype holds, as far as it can."""
    if dtype not in WHOLE:
        return array
    whole = np.nan_to_num(np.round(4 * array), nan=0.0, posinf=9.0, neginf=-9.0)
    return np.abs(whole) if dtype == "uint8" else whole


def outcome(op: Op, library: Any, sample: Sample, dtype: str) -> Any:
    """The dtypes of the results, or the exception."""

    def tensor(array: Any, differentiable: bool) -> Any:
        if array.dtype != np.float64:
            return library.from_numpy(np.array(array))
        made = library.from_numpy(np.array(converted(array, dtype)))
        return made.to(getattr(library, dtype))

    built = build(library, sample, tensor)
    try:
        results = outputs(op.function(library)(*built.args, **built.kwargs))
    except KINDS as error:
        return error
    return [str(v.dtype) if hasattr(v, "dtype") else type(v).__name__ for v in results]


def is_fit(sample: Sample) -> bool:
    arrays = [*sample.leaves(np.ndarray), *(fixed.array for fixed in sample.leaves(Fixed))]
    kinds = {a.dtype.kind for a in arrays}
    has_floats = any(a.dtype == np.float64 for a in arrays)
    sizes = [a.size for a in arrays]  # of nothing PyTorch takes what it has no kernel for
    return has_floats and "c" not in kinds and min(sizes) > 0 and sum(sizes) < LARGEST


def is_alike(op: Op, dtype: str, ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, list) and "torch.complex32" in theirs:  # which NumPy has not
        return True
    if isinstance(theirs, KeyError):  # a fault of its Python
        return isinstance(ours, Exception)
    if isinstance(ours, Exception) and op.name in FLOATS_ALONE:
        return "float" not in dtype
    if isinstance(ours, Exception) and isinstance(theirs, Exception):
        kind = next(kind for kind in KINDS if isinstance(theirs, kind))
        return isinstance(ours, kind) or dtype.startswith("complex") and op.name in COMPLEX
    if isinstance(theirs, Exception) and not isinstance(ours, Exception):
        # PyTorch's CPU build has no kernels of halves for many functions.
        missing = dtype in HALVES or op.name in SMALL_INTEGERS and dtype in WHOLE[1:]
        return missing or dtype.startswith("complex") and op.name in COMPLEX
    if isinstance(ours, Exception):
        if op.name in LACK_HALVES and dtype in HALVES:
            return True
        return dtype.startswith("complex") and op.name in COMPLEX
    return bool(ours == theirs)


@pytest.mark.parametrize("op", ROWS, ids=str)
def test_dtypes(op: Op) -> None:
    differences = []
    fit = filter(is_fit, op.samples())
    for sample in itertools.islice(fit, SAMPLES):
        for dtype in (*WHOLE, *INEXACT):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                ours, theirs = (outcome(op, library, sample, dtype) for library in LIBRARIES)
            if not is_alike(op, dtype, ours, theirs):
                differences.append(f"{op}{sample} of {dtype}: {ours!r}\n    instead of {theirs!r}")
    assert not differences, "\n".join(differences)
