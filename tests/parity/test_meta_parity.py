"""The device "meta" beside PyTorch's: shapes, dtypes and strides of every row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Op, build, outputs

# Where results lie otherwise here, on every device: images channels-last, matrices by rows, and the
# transform's results in the order of their shape.
OTHER_STRIDES = (
    "conv", "fft.", "linalg.", "cholesky", "qr", "svd", "lu", "ormqr", "matrix_power", "inverse",
    "triangular_solve", "nn.functional.max_pool", "nn.functional.avg_pool", "nn.functional.lp_pool",
    "nn.functional.adaptive_avg_pool2d", "unravel_index", "segment_reduce", "nonzero_static",
)  # fmt: skip
# PyTorch's has one element where its CPU has none of a dimension.
# So it is of the sizes of bags, and of no use there.
OTHER_SHAPE = ("nn.functional.multi_margin_loss", "embedding_bag")


def maker(library: Any) -> Any:
    def tensor(array: Any, differentiable: bool) -> Any:
        return library.from_numpy(np.array(array)).to("meta")

    return tensor


def strides_of(tensor: Any) -> list[int]:
    if not tensor.numel():
        return []
    return [s for s, n in zip(tensor.stride(), tensor.shape, strict=True) if n > 1]


@pytest.mark.parametrize("op", [op for op in samples.table if op.name not in OTHER_SHAPE], ids=str)
@pytest.mark.filterwarnings("ignore")
def test_meta(op: Op) -> None:
    for sample in op.samples():
        ours, theirs = (build(lib, sample, maker(lib)) for lib in (rushlight, torch))
        try:
            expected = op.function(torch)(*theirs.args, **theirs.kwargs)
        except (RuntimeError, TypeError):
            continue  # what PyTorch has no such kernel for
        result = op.function(rushlight)(*ours.args, **ours.kwargs)
        found = [t for t in outputs(result) if isinstance(t, rushlight.Tensor)]
        wanted = [t for t in outputs(expected) if isinstance(t, torch.Tensor)]
        assert len(found) == len(wanted), sample
        for a, b in zip(found, wanted, strict=True):
            assert tuple(a.shape) == tuple(b.shape), sample
            assert str(a.dtype) == str(b.dtype) and a.device.type == b.device.type, sample
            if b.layout is torch.strided and not op.name.startswith(OTHER_STRIDES):
                assert strides_of(a) == strides_of(b), sample


@pytest.mark.parametrize("source, target", [(rushlight, torch), (torch, rushlight)])
def test_checkpoints(source: Any, target: Any) -> None:
    x = source.empty(3, 4, dtype=source.float64, device="meta").t()
    file = io.BytesIO()
    source.save({"x": x, "p": source.nn.Parameter(x)}, file)
    file.seek(0)
    found = target.load(file, weights_only=True)
    assert all(t.is_meta and t.stride() == (1, 4) for t in found.values())
    assert isinstance(found["p"], target.nn.Parameter) and found["x"].dtype is target.float64
