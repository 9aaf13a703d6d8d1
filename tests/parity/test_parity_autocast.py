"""Autocast: each row of the table gives the dtypes, and nearly the values, that PyTorch's does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Op, Sample, build, outputs

# What differs, by row and by what its samples have in them.
OTHERWISE = {
    # no halves here, and where PyTorch has them only for a matrix without elements
    "histogram": "", "histogramdd": "", "det": "[0", "linalg.ldl_factor": "[0",
    "linalg.ldl_factor_ex": "[0", "linalg.ldl_solve": "[0", "linalg.lu": "[0",
    "linalg.lu_factor": "[0", "linalg.lu_factor_ex": "[0", "linalg.solve_ex": "[0",
    # PyTorch's results have the dtype of a part that it happens to be made of
    "chain_matmul": "", "linalg.pinv": "", "matrix_power": "-", "svd": "",
    "nn.functional.interpolate": "area", "nn.functional.l1_loss": "weight",
    "nn.functional.local_response_norm": "[2, 5, 4]", "nn.functional.max_pool3d": "return_indices",
    "nn.functional.mse_loss": "weight", "packed lstm": "",
}  # fmt: skip
SAMPLES = 4  # of a row
ROWS = [op for op in samples.table if not op.random or op.samples()]


def outcome(op: Op, library: Any, sample: Sample, dtype: str) -> Any:
    """The dtypes of the results within autocast, or the exception."""

    def tensor(array: Any, differentiable: bool) -> Any:
        made = library.from_numpy(np.array(array))
        return made.to(getattr(library, dtype)) if made.is_floating_point() else made

    try:
        built = build(library, sample, tensor)
        library.manual_seed(0)
        with library.autocast("cpu", dtype=library.bfloat16):
            results = op.function(library)(*built.args, **built.kwargs)
    except Exception as error:
        return error
    return [str(t.dtype) for t in outputs(results) if isinstance(t, library.Tensor)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("op", ROWS, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_dtypes(op: Op, dtype: str) -> None:
    for sample in op.samples()[:SAMPLES]:
        if op.name in OTHERWISE and OTHERWISE[op.name] in repr(sample):
            continue
        theirs = outcome(op, torch, sample, dtype)
        if isinstance(theirs, Exception):
            continue
        ours = outcome(op, rushlight, sample, dtype)
        assert ours == theirs, f"{sample}: {ours!r}"
