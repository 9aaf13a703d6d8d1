"""Sparse tensors: what they hold, what is computed of them, and what is refused."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import pickles as p
import rushlight as torch
from rushlight.serialization import CheckpointError
from rushlight.sparse.tensor import SparseTensor, answers
from rushlight.testing import register_strict_device
from serialization_support import checkpoint
from sparse_support import EXPRESSIONS, FLOATING, ONE_DTYPE, REFUSED, SUMS, evaluated, named, split

register_strict_device()


def dense(x: torch.Tensor) -> torch.Tensor:
    return x.to_dense() if x.layout is not torch.strided else x


# ---- each expression on sparse tensors is that on dense ones

# Those whose names dense tensors do not have, or for which sparse ones have their own meaning.
OTHER = (
    "indices", "values", "coalesce", "_nnz", "sparse_dim", "dense_dim", "is_sparse", "layout",
    "type", "sparse_resize", "resize_as", "spdiags", "softmax", "hspmm", "smm", "sampled", "saddmm",
    "is_contiguous", "reduce", '"am', '"mean', "stride", "sparse_c", "a * e", "sparse_mask",
    "out=", "isnan", "isinf", "[0, 2]]", "empty_like",
)  # fmt: skip
ALL = split(EXPRESSIONS + FLOATING + SUMS + ONE_DTYPE)


@pytest.mark.parametrize("text", [t for t in ALL if not any(o in t for o in OTHER)])
def test_dense_tensors_give_the_same(text: str) -> None:
    names = named(torch)
    found = eval(text, names)
    if not isinstance(found, torch.Tensor):
        found = torch.tensor(found)
    names = {name: dense(x) if isinstance(x, torch.Tensor) else x for name, x in names.items()}
    names["torch"] = _Dense()
    expected = torch.as_tensor(eval(text, names))
    torch_close = np.testing.assert_allclose
    torch_close(dense(found).double().numpy(), dense(expected).double().numpy(), rtol=1e-5)
    assert found.shape == expected.shape and found.dtype is expected.dtype


class _Dense:
    """The namespace in which `sparse` has the functions of dense tensors."""

    def __init__(self) -> None:
        self.sparse = self

    def __getattr__(self, name: str) -> object:
        return getattr(torch, name)

    def addmm(self, mat: torch.Tensor, *args: object, **options: object) -> torch.Tensor:
        return torch.addmm(mat, *args, **options)

    def sum(self, x: torch.Tensor, *args: object, **options: object) -> torch.Tensor:
        return x.sum(*args, **options)


@pytest.mark.parametrize("text", split(REFUSED))
def test_refusals(text: str) -> None:
    with pytest.raises((RuntimeError, TypeError, IndexError, ValueError)) as caught:
        evaluated(torch, text)
    message = str(caught.value)
    assert message and "\n" not in message and "numpy" not in message.replace("to numpy", "")
    assert "array" not in message and not isinstance(caught.value, AttributeError)


def test_what_nobody_has_composed_is_refused_and_nothing_is_made_dense() -> None:
    a = named(torch)["a"]
    for name in ("exp", "cos", "cumsum", "sort", "fft_fft", "det", "flip", "expand", "uniform_"):
        if hasattr(a, name) and name not in answers:
            with pytest.raises((NotImplementedError, TypeError)):
                getattr(a, name)()
    with pytest.raises(NotImplementedError, match="layout torch.sparse_coo; x.to_dense"):
        torch.nn.functional.softmax(a, dim=1)
    with pytest.raises(NotImplementedError, match=r"linalg\.svd"):
        torch.linalg.svd(a)
    with pytest.raises(TypeError):
        np.add(a, 1)
    with pytest.raises(NotImplementedError, match="tensors of blocks"):
        torch.ones(4, 4).to_sparse_bsr((2, 2))
    with pytest.raises(NotImplementedError, match="matrices"):
        torch.ones(2, 2, 2).to_sparse_csr()


@pytest.mark.parametrize("text", split(EXPRESSIONS + FLOATING + SUMS))
def test_everything_stays_on_its_device(text: str) -> None:
    def moved(value: object) -> object:
        return value.to("strict") if isinstance(value, torch.Tensor) else value

    if "torch.zeros(" in text or "torch.ones(" in text or "torch.tensor(" in text:
        return  # which are made on the host
    found = eval(text, {name: moved(value) for name, value in named(torch).items()})
    expected = evaluated(torch, text)
    if isinstance(found, torch.Tensor):
        assert found.device.type == "strict"
        ours, theirs = dense(found).cpu().numpy(), dense(expected).numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


# ---- indices that are none


@pytest.mark.parametrize("check", [None, True, False])
@pytest.mark.parametrize("indices", [[[0, 3]], [[0, -1]], [[2**40, 0]]])
def test_indices_outside_are_refused(indices: list[list[int]], check: bool | None) -> None:
    with pytest.raises(RuntimeError, match="index"):
        torch.sparse_coo_tensor(indices, [1.0, 2.0], (3,), check_invariants=check)


@pytest.mark.parametrize(
    ("starts", "columns"),
    [([0, 1, 4], [2, 0, 1]), ([1, 1, 3], [2, 0, 1]), ([0, 1, 3], [2, 0, 5]), ([0, 4, 3], [0, 1, 2]),
     ([0, 1, 3], [2, 0, -1]), ([0, -1, 3], [0, 1, 2]), ([0, 3], [0, 1, 2]), ([0, 1, 3], [0, 1])],
)  # fmt: skip
def test_compressed_rows_that_are_none(starts: list[int], columns: list[int]) -> None:
    with pytest.raises(RuntimeError, match="indices"):
        torch.sparse_csr_tensor(starts, columns, [1.0, 2.0, 3.0], (2, 3))


def test_rows_out_of_order() -> None:
    parts = ([0, 3, 3], [2, 0, 2], [1.0, 2.0, 3.0], (2, 3))
    x = torch.sparse_csr_tensor(*parts)
    assert x.to_dense().tolist() == [[2, 0, 4], [0, 0, 0]]
    assert (x * torch.ones(2, 3)).to_dense().tolist() == [[2, 0, 4], [0, 0, 0]]
    assert x.t().to_dense().tolist() == [[2, 0], [0, 0], [4, 0]]
    assert (x + x).to_dense().tolist() == [[4, 0, 8], [0, 0, 0]]
    with torch.sparse.check_sparse_tensor_invariants(), pytest.raises(RuntimeError, match="sorted"):
        torch.sparse_csr_tensor(*parts)
    assert not torch.sparse.check_sparse_tensor_invariants.is_enabled()


# ---- memory, copies, files


def test_values_share_memory() -> None:
    values = torch.ones(2)
    x = torch.sparse_coo_tensor([[0, 2]], values, (3,)).coalesce()
    alias, copied = x.detach(), x.clone()
    values[0] = 5
    assert x._values().tolist() == [1, 1] or x._values().tolist() == [5, 1]
    x.mul_(3)
    assert torch.equal(alias.to_dense(), x.to_dense())
    assert copied.to_dense().tolist() == [1, 0, 1]


@pytest.mark.parametrize("name", ["a", "u", "h", "e", "r", "c"])
def test_copies_of_the_object(name: str) -> None:
    x = named(torch)[name].requires_grad_()
    file = io.BytesIO()
    torch.save({"x": x}, file)
    file.seek(0)
    copies = [copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), torch.load(file)["x"]]
    for y in copies:
        assert isinstance(y, SparseTensor) and y.layout is x.layout and y.shape == x.shape
        assert torch.equal(y.detach().to_dense(), x.detach().to_dense())
        assert y._nnz() == x._nnz()
    assert copies[1].requires_grad and copies[2].requires_grad


def load_parts(places: tuple[int, int], size: tuple[int, ...], layout: str, *more: bytes) -> object:
    """A checkpoint made by hand: two ones in the two places of one sparse dimension."""
    name = p.call(p.name("torch.serialization", "_get_layout"), p.text(layout))
    indices = p.tensor(p.storage(2, "0", "LongStorage"), 0, (1, 2), (2, 1))
    values = p.tensor(p.storage(2, "1"), 0, (2,), (1,))
    parts = p.values(indices, values, p.call(p.name("torch", "Size"), p.numbers(*size)), *more)
    made = p.call(p.name("torch._utils", "_rebuild_sparse_tensor"), name, parts)
    storages = (np.array(places), np.ones(2, np.float32))
    return torch.load(io.BytesIO(checkpoint(p.program(made), *storages)))


def test_files_that_lie_about_sparse_tensors() -> None:
    coo = "torch.sparse_coo"
    assert load_parts((2, 0), (3,), coo, p.FALSE).to_dense().tolist() == [1, 0, 1]
    assert load_parts((2, 0), (3,), coo).to_dense().tolist() == [1, 0, 1]
    for places, size, layout, *more in (
        ((2, 0), (2,), coo), ((-1, 0), (3,), coo), ((2**62, 0), (3,), coo), ((2, 0), (3, 3), coo),
        ((2, 0), (3,), "torch.strided"), ((2, 0), (3,), "os.system"), ((2, 0), (3,), "sparse_coo"),
        ((2, 0), (3,), "torch.sparse_csr", p.FALSE), ((2, 0), (3,), coo, p.number(7)),
        ((2, 0), (3,), "torch.sparse_bsr"), ((2, 0), (3,), coo, p.FALSE, p.FALSE),
    ):  # fmt: skip
        with pytest.raises(CheckpointError):
            load_parts(places, size, layout, *more)


def test_a_record_refuses_them() -> None:
    def step(x: torch.Tensor) -> torch.Tensor:
        return x.to_sparse() @ x.t()

    x = torch.eye(3)
    compiled = torch.compile(step)
    for _ in range(3):
        assert torch.equal(compiled(x), x)


def test_modes_see_calls() -> None:
    seen = []

    class Names(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    a = named(torch)["a"]
    with Names():
        assert torch.add(a, a).shape == (2, 3)
    assert seen[0] == "add"


def test_names() -> None:
    a, r = named(torch)["a"], named(torch)["r"]
    assert isinstance(a, torch.Tensor) and torch.is_tensor(a)
    assert a.layout is torch.sparse_coo and r.layout is torch.sparse_csr
    assert repr(torch.sparse_bsr) == "torch.sparse_bsr"
    assert torch.ones(2).sparse_dim() == 0 and torch.ones(2).dense_dim() == 1
    assert not torch.ones(2).is_sparse_csr and hash(a) == hash(a)


def test_linear_of_a_sparse_input() -> None:
    weight = torch.arange(12.0).reshape(4, 3).requires_grad_()
    y = torch.nn.functional.linear(torch.eye(3).to_sparse(), weight, torch.ones(4))
    assert y.equal(weight.t() + 1)
    y.sum().backward()
    assert weight.grad.equal(torch.ones(4, 3))


def test_coalescing_what_is_in_order_makes_a_tensor_of_its_own():
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.sparse_coo_tensor(torch.tensor([[0, 2]]), values * 1, (3,))
    y = x.coalesce()
    assert not x.is_coalesced() and y.is_coalesced()
    with torch.no_grad():
        y.values().mul_(5)
    assert x.to_dense().tolist() == [1, 0, 2] and y.to_dense().tolist() == [5, 0, 10]
    x.coalesce().to_dense().sum().backward()
    assert values.grad.tolist() == [1, 1]
