"""Which dtypes a tensor given as `out` may have, for the first sample of each row with one."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Op, Sample, build, outputs

DTYPES = ("bool", "uint8", "int64", "float16", "float32", "float64", "complex64", "complex128")
# PyTorch's rule is one of these functions alone.
OWN_RULES = {
    "abs",  # exact, except of complex numbers into complex ones
    "all", "any",  # bool and uint8
    "bernoulli", "logspace", "linspace", "normal",  # computed in that of out
    "max", "min",  # exact where they give indices
    "nansum", "nanmean", "std", "var", "fft.irfft", "fft.irfft2", "fft.irfftn", "fft.hfft",
    "fft.hfft2", "fft.hfftn",  # no complex numbers
    "fft.fft", "fft.ifft", "fft.ihfft",  # of whole numbers not every complex dtype
    "clamp", "clamp_min", "clamp_max",  # exact with numbers, not with tensors
    "matrix_power",  # exact but for the power 0
    "lu", "split_copy",  # any
}  # fmt: skip


def tensor_of(library: Any) -> Any:
    return lambda array, differentiable: library.from_numpy(np.array(array))


def name_of(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def takes_out(op: Op) -> bool:
    function = op.function(rushlight)
    try:
        return "out" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False


def run(op: Op, library: Any, sample: Sample, out: Any = None) -> Any:
    built = build(library, sample, tensor_of(library))
    options = {} if out is None else {"out": out}
    return op.function(library)(*built.args, **built.kwargs, **options)


@pytest.mark.parametrize(
    "op", [op for op in samples.table if takes_out(op) and op.name not in OWN_RULES], ids=str
)
def test_dtypes_of_out(op: Op) -> None:
    for sample in op.samples()[:1]:
        expected = outputs(run(op, torch, sample))
        if not all(isinstance(t, torch.Tensor) for t in expected):
            continue
        for place, tensor in enumerate(expected):
            if not is_taken(op, torch, sample, expected, place, name_of(tensor)):
                continue  # PyTorch's has no `out`
            for dtype in DTYPES:
                assert is_taken(op, rushlight, sample, expected, place, dtype) == is_taken(
                    op, torch, sample, expected, place, dtype
                ), f"{sample}: out of {dtype} in place {place}"


def is_taken(
    op: Op, library: Any, sample: Sample, expected: list[Any], place: int, dtype: str
) -> bool:
    targets = []
    for i, tensor in enumerate(expected):
        kind = dtype if i == place else name_of(tensor)
        targets.append(library.zeros(tuple(tensor.shape), dtype=getattr(library, kind)))
    try:
        run(op, library, sample, targets[0] if len(targets) == 1 else tuple(targets))
    except Exception:
        return False
    return True


@pytest.mark.parametrize("name", ["sum", "prod", "cumsum", "cumprod"])
def test_sums_are_made_in_the_dtype_of_out(name: str) -> None:
    inputs = {"int64": [1, 2], "float32": [1.5, 1.6], "bool": [True, True], "float16": [6e4, 6e4]}
    shape = (2,) if name.startswith("cum") else ()
    for dtype, values in inputs.items():
        for into in ("int64", "float32", "float64", "uint8"):
            found = []
            for library in (torch, rushlight):
                x = library.tensor(values, dtype=getattr(library, dtype))
                for _ in range(2):  # the second call may take a short way
                    out = library.zeros(shape, dtype=getattr(library, into))
                    assert getattr(library, name)(x, 0, out=out) is out
                    found.append(torch.tensor(out.tolist(), dtype=torch.float64))
            for made in found[1:]:
                torch.testing.assert_close(made, found[0], msg=f"{name} of {dtype} into {into}")
