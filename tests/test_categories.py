"""Dtypes that operations do not take. What each row of the table takes is held against PyTorch's in
tests/parity/test_parity_refusals.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight.categories import FLOATS, check_taken
from rushlight.kernels.base import Base
from rushlight.kernels.declaration import kernels_of

i = torch.tensor([[2, 3], [4, 5]])
f, mask = i.float(), i > 2
z = torch.complex(f, f)

REFUSED: dict[str, Callable[[], Any]] = {
    "addcmul": lambda: torch.addcmul(mask, mask, mask),
    "gelu": lambda: F.gelu(i),
    "silu": lambda: F.silu(i),
    "softplus": lambda: F.softplus(i),
    "hardsigmoid": lambda: F.hardsigmoid(i),
    "leaky_relu": lambda: F.leaky_relu(i),
    "lerp": lambda: torch.lerp(i, i, 0.5),
    "hypot": lambda: torch.hypot(i.byte(), i.byte()),
    "elu": lambda: F.elu(mask),
    "sign": lambda: torch.sign(z),
    "erf": lambda: torch.erf(z),
    "mse_loss": lambda: F.mse_loss(z, z),
    "round": lambda: torch.round(i, decimals=1),
    "matmul": lambda: mask @ mask,
    "dot": lambda: torch.dot(mask[0], mask[0]),
    "addmm": lambda: torch.addmm(mask, mask, mask),
    "topk": lambda: torch.topk(mask, 1),
    "bernoulli": lambda: torch.bernoulli(z),
    "cumsum": lambda: torch.cumsum(i, 0, dtype=torch.bool),
    "cross_entropy": lambda: F.cross_entropy(i, i[0]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """Each says its own name, the dtype and what to do."""
    with pytest.raises(NotImplementedError) as caught:
        REFUSED[name]()
    text = str(caught.value)
    assert text.startswith(f"{name}: ")
    assert any(kind in text for kind in ("torch.int64", "torch.uint8", "torch.bool", "complex64"))


def test_the_fix_is_told() -> None:
    for x, fix in ((i, r"\.float\(\)"), (z, r"\.abs\(\) or \.real")):
        with pytest.raises(NotImplementedError, match=f"not implemented for {x.dtype}; .*{fix}"):
            F.gelu(x)
    with pytest.raises(NotImplementedError, match=r"convert with \.long\(\)"):
        f & 1
    assert check_taken("name", f, FLOATS) is f


@pytest.mark.parametrize("name", [n for n, d in kernels_of(Base).items() if d.takes is not None])
def test_generic_kernels_refuse(name: str) -> None:
    """A declaration is what its kernel does: no row may reach some of these dtypes."""
    declaration = kernels_of(Base)[name]
    assert declaration.takes is not None
    for category, x in enumerate((mask, i, f, z)):
        if category in declaration.takes:
            continue
        state = (None,) if declaration.kind == "random" else ()
        with pytest.raises(NotImplementedError, match=f"{name}: not implemented for {x.dtype}"):
            getattr(Base(), name)(*state, x.array, x.array)


def test_factors() -> None:
    """`alpha` must be of a kind that the result holds."""
    for call in (torch.add, torch.sub, torch.rsub):
        with pytest.raises(RuntimeError, match="integral input tensors, argument alpha must not"):
            call(i, i, alpha=1.5)
    with pytest.raises(RuntimeError, match="add_: For integral"):
        i.clone().add_(i, alpha=1.5)
    with pytest.raises(RuntimeError, match="non-complex input tensors, argument alpha"):
        torch.add(f, f, alpha=1j)
    assert torch.add(mask, mask, alpha=2).dtype is torch.bool
    wide = torch.add(f.double(), f, alpha=0.1)
    assert wide.equal(f.double() + f.double() * 0.1)
    assert torch.addcmul(i, i, i, value=1.5).dtype is torch.int64


def test_the_called_function_is_named() -> None:
    """What an error says of the inner function would tell nobody anything."""
    with pytest.raises(RuntimeError, match="^add: The size of tensor a"):
        f + torch.ones(3)
    with pytest.raises(RuntimeError, match="^cross_entropy: Expected target size"):
        F.cross_entropy(f, torch.ones(2, 3, dtype=torch.int64))
    with pytest.raises(IndexError, match="^Target 5 is out of bounds: the input has 2 classes"):
        F.cross_entropy(f, torch.tensor([5, 0]))
    with pytest.raises(RuntimeError, match=r"^linalg\.cond: Low precision dtypes not supported"):
        torch.linalg.cond(f.half())
    with pytest.raises(RuntimeError, match="^gelu: not implemented for torch.int64"):
        F.gelu(i, approximate="tanh")
    out = torch.empty(2, 2)
    with pytest.raises(RuntimeError, match="^hypot: not implemented"):
        torch.hypot(i, i, out=out)
