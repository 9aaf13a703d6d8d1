"""Sparse tensors beside PyTorch's: values, places, forms, refusals, texts, gradients, training."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import rushlight
from sparse_support import EXPRESSIONS, FLOATING, ONE_DTYPE, REFUSED, SUMS, evaluated, split

pytestmark = pytest.mark.filterwarnings("ignore:Sparse", "ignore:.*is_sparse")
DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64", "int32", "int64", "uint8")


def parts(x: Any) -> Any:
    """A result as Python's and NumPy's values; a tensor with what it is."""
    if not hasattr(x, "to_dense"):
        return str(x) if type(x).__module__.split(".")[0] in ("torch", "rushlight") else x
    kind = str(x.dtype)
    known = x.detach()
    if str(x.layout) != "torch.strided":
        nnz = known._nnz() if "coo" not in str(x.layout) else known.coalesce()._nnz()
        return kind, str(x.layout), tuple(x.shape), nnz, dense(known.to_dense())
    return kind, str(x.layout), tuple(x.shape), dense(known)


def dense(x: Any) -> list[Any]:
    wide = "complex128" if x.is_complex() else "float64"
    library = torch if isinstance(x, torch.Tensor) else rushlight
    return np.asarray(x.to(getattr(library, wide)).numpy()).ravel().tolist()


def same(text: str, dtype: str | None) -> None:
    found = []
    for library in (rushlight, torch):
        kind = getattr(library, dtype) if dtype else None
        found.append(parts(evaluated(library, text, kind)))
    ours, theirs = found
    if isinstance(theirs, tuple) and isinstance(theirs[-1], list):
        assert ours[:-1] == theirs[:-1]
        close = {"float16": 2e-3, "bfloat16": 2e-2}.get(dtype or "", 1e-5)
        np.testing.assert_allclose(ours[-1], theirs[-1], rtol=close, atol=close)
    else:
        assert ours == theirs


@pytest.mark.parametrize("dtype", DTYPES)
def test_results(dtype: str) -> None:
    texts = split(EXPRESSIONS)
    if dtype.startswith(("float", "bfloat", "complex")):
        texts += split(FLOATING)
    if not dtype.startswith(("complex", "uint")):
        texts += split(SUMS)
    if dtype == "float32":
        texts += split(ONE_DTYPE)
    wrong = []
    for text in texts:
        try:
            evaluated(torch, text, getattr(torch, dtype))
        except Exception:  # PyTorch has not everything for every dtype
            continue
        try:
            same(text, dtype)
        except Exception as error:
            wrong.append(f"{text}: {type(error).__name__} {error}")
    assert not wrong, "\n".join(wrong)


def test_refusals() -> None:
    wrong = []
    for text in split(REFUSED):
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            evaluated(torch, text)
        try:
            evaluated(rushlight, text)
        except theirs.type as error:
            if "\n" in str(error) or not str(error):
                wrong.append(f"{text}: {error}")
        except Exception as error:
            wrong.append(f"{text}: {type(error)} {error}, not {theirs.type} {theirs.value}")
        else:
            wrong.append(f"{text}: not refused")
    assert not wrong, "\n".join(wrong)


TEXTS = """
a; u; h; e; r; c; batch; one; a.double(); a.long(); h.half(); r.double(); e.to_sparse_csr(); a * 1j
torch.sparse_coo_tensor(torch.arange(4000).reshape(2, 2000), torch.ones(2000))
torch.tensor(3.).to_sparse(); a.clone().requires_grad_(); r.clone().requires_grad_()
torch.sparse_coo_tensor([[0, 1]], torch.ones(2, requires_grad=True))
"""


@pytest.mark.parametrize("text", split(TEXTS))
def test_texts(text: str) -> None:
    assert repr(evaluated(rushlight, text)) == repr(evaluated(torch, text))


def test_checkpoints_go_both_ways() -> None:
    for source, target in ((rushlight, torch), (torch, rushlight)):
        file = io.BytesIO()
        source.save({name: evaluated(source, name) for name in "auhrce"}, file)
        file.seek(0)
        for name, x in target.load(file).items():
            assert parts(x) == parts(evaluated(target, name))
            if name in "auhe":
                assert x.is_coalesced() == evaluated(target, name).is_coalesced()


GRADIENTS = """
torch.sparse.mm(x, d).pow(2).sum(); x.to_dense().pow(2).sum(); torch.sparse.sum(x)
torch.sparse.sum(x, 0).to_dense().pow(2).sum(); torch.sparse.softmax(x, 1).to_dense().pow(2).sum()
(x * x).to_dense().sum(); x.coalesce().values().pow(2).sum(); (x * 3).to_dense().pow(2).sum()
(x + x).to_dense().pow(2).sum(); x.t().to_dense().pow(2).sum();
torch.sparse.log_softmax(x, 1).to_dense().pow(2).sum(); (x / 2).to_dense().pow(2).sum()
"""


@pytest.mark.parametrize("text", split(GRADIENTS))
@pytest.mark.parametrize("is_coalesced", [True, False])
def test_gradients_of_sparse_and_dense(text: str, is_coalesced: bool) -> None:
    found = []
    for library in (rushlight, torch):
        x = library.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 3))
        x = (x.coalesce() if is_coalesced else x).requires_grad_()
        d = library.arange(6.0).reshape(3, 2).requires_grad_()
        eval(text, {"torch": library, "x": x, "d": d}).backward()
        assert x.grad.layout is library.sparse_coo
        found.append((dense(x.grad.to_dense()), [] if d.grad is None else dense(d.grad)))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


PRODUCTS = "(s @ d).pow(2).sum(); (d.t() @ s.t()).pow(2).sum(); (d.t() + s).pow(2).sum()"
FROM_VALUES = """
s.coalesce().values().pow(2).sum(); s.to_dense().pow(2).sum(); (s @ d).pow(2).sum()
torch.sparse.sum(s, 0).to_dense().pow(2).sum()
"""


@pytest.mark.parametrize("text", split(PRODUCTS) + split(FROM_VALUES))
def test_gradients_of_values(text: str) -> None:
    """Also of values whose place is there twice."""
    found = []
    for library in (rushlight, torch):
        v = library.tensor([3.0, 4.0, 5.0, 6.0]).requires_grad_()
        s = library.sparse_coo_tensor([[0, 1, 1, 1], [2, 0, 2, 0]], v, (2, 3))
        d = library.arange(6.0).reshape(3, 2).requires_grad_()
        eval(text, {"torch": library, "s": s, "d": d}).backward()
        found.append((dense(v.grad), [] if d.grad is None else dense(d.grad)))
    assert found[0] == found[1]


OPTIMIZERS = {
    "SGD": "torch.optim.SGD([w], lr=0.5)",
    "momentum": "torch.optim.SGD([w], lr=0.5, momentum=0.9, dampening=0.1)",
    "nesterov": "torch.optim.SGD([w], lr=0.5, momentum=0.9, nesterov=True, maximize=True)",
    "SparseAdam": "torch.optim.SparseAdam([w], lr=0.1)",
    "maximize": "torch.optim.SparseAdam([w], lr=0.1, betas=(0.8, 0.9), maximize=True)",
}
STEPS = [[1, 3, 1], [0, 1], [4, 4, 4, 2], [0, 2]]


@pytest.mark.parametrize("text", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("bags", [False, True])
def test_training(text: str, bags: bool) -> None:
    found = []
    for library in (rushlight, torch):
        w = library.arange(10.0).reshape(5, 2).requires_grad_()
        optimizer = eval(text, {"torch": library, "w": w})
        for number, names in enumerate(STEPS):
            if number != 2:  # where two gradients are summed
                optimizer.zero_grad()
            indices = library.tensor(names)
            F = library.nn.functional
            if bags:
                offsets = library.tensor([0, 1])
                rows = F.embedding_bag(indices, w, offsets, sparse=True, padding_idx=2)
            else:
                rows = F.embedding(indices, w, sparse=True, padding_idx=2)
            rows.pow(2).sum().backward()
            assert w.grad.is_sparse
            optimizer.step()
        found.append(dense(w.detach()))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_a_warning_is_none_of_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluated(rushlight, "r @ m")
