"""Which results share memory with which arguments, as in PyTorch: views, and copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import rushlight
import samples
from samples import Op, Sample, build, outputs


def maker(library: Any) -> Any:
    def tensor(array: Any, differentiable: bool) -> Any:
        return library.from_numpy(np.array(array))

    return tensor


def memory_of(tensor: Any) -> int:
    """What identifies the memory that a tensor lies in."""
    if isinstance(tensor, torch.Tensor):
        return tensor.untyped_storage().data_ptr()
    owner = tensor.array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return int(owner.__array_interface__["data"][0])


def shared(op: Op, library: Any, sample: Sample) -> list[tuple[int, int, bool]]:
    """The numbers of results and arguments that share memory, and whether they are one object."""
    built = build(library, sample, maker(library))
    arguments = [t for t in built.leaves(library.Tensor) if t.numel()]
    result = op.function(library)(*built.args, **built.kwargs)
    return [
        (i, j, made is given)
        for i, made in enumerate(outputs(result)) if isinstance(made, library.Tensor)
        for j, given in enumerate(arguments)
        if made.numel() and memory_of(made) == memory_of(given)
    ]  # fmt: skip


# PyTorch's conjugate is a view of the same numbers that is conjugated when it is read.
ROWS = [op for op in samples.table if op.name not in ("conj", "Tensor.mH")]


@pytest.mark.parametrize("op", ROWS, ids=str)
def test_memory(op: Op) -> None:
    for sample in op.samples():
        ours, theirs = (shared(op, library, sample) for library in (rushlight, torch))
        assert ours == theirs, sample


CALLS = """
x.repeat(1, 1); x.repeat(3, 1); F.pad(x, (0, 0)); F.pad(x, (0, 0), mode="replicate")
F.pad(x, (-1, 0)); F.pad(x, (0, 0), mode="circular"); F.pad(x, (0, 0), mode="reflect")
torch.cat([x]); torch.stack([x]); x.flip(()); x.flip(0); x.float(); x.to(torch.float32)
x.to(torch.float32, copy=True); x.to("cpu"); x.cpu(); x.contiguous(); x.t().contiguous()
x.t().reshape(2, 3); x.t().reshape(-1); x.t().flatten(); x.flatten(); x.expand(2, 3)
x.expand_as(x); x.clone(); x.detach(); x.data; x.type(torch.float32); x.type_as(x); x.double()
x.real; x.conj(); x.sum(()); x[0].sum(()); x.sum(0); x[0, 0].sum(); x[0, 0].cumsum(0)
x[0, 0].max(); x[0, 0].sort()[0]; x[:1].amax(0); x[:1].mean(0); x.clamp(max=9); x.round()
x.long().round(); x.long().floor(); x.tril(9); x[...]; x[None]; x[:, :]; x[[0, 1]]; x[x > -1]
x.index_select(0, torch.arange(2)); F.dropout(x, 0.0); F.dropout(x, 0.5, False); x.squeeze()
x.unsqueeze(0); x.narrow(0, 0, 2); x.chunk(1)[0]; x.split(2)[0]; x.unbind(0)[0]; x.view(3, 2)
torch.broadcast_tensors(x, x)[0]; torch.where(x == x, x, x); x.masked_fill(x != x, 0.0); -x
torch.as_tensor(x); torch.tensor(x); x.movedim(0, 0); x.sum_to_size(2, 3); x.view_as(x)
x.view(torch.int32); F.avg_pool2d(x[None], 1); F.adaptive_avg_pool2d(x[None], (2, 3)); x.pow(1)
""".replace("\n", ";")


@pytest.mark.parametrize("text", [text.strip() for text in CALLS.split(";") if text.strip()])
@pytest.mark.filterwarnings("ignore:To copy construct")
def test_calls(text: str) -> None:
    found = []
    for library in (rushlight, torch):
        x = library.arange(6.0).reshape(2, 3)
        made = eval(text, {"torch": library, "F": library.nn.functional, "x": x})
        found.append((memory_of(made) == memory_of(x), made is x))
    assert found[0] == found[1], text
