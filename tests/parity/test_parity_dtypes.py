"""Dtypes, their limits, and numbers out of their range, as PyTorch has them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch

import rushlight

NAMES = (
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "float16",
    "bfloat16", "float32", "float64", "complex64", "complex128",
)  # fmt: skip


def outcome(library: Any, text: str) -> str:
    """What a program's expression prints, or the name of its exception."""
    names = {
        "torch": library, "inf": float("inf"), "nan": float("nan"),
        "u8": library.tensor([0, 100, 200], dtype=library.uint8),
        "i8": library.tensor([1], dtype=library.int8),
        "i64": library.tensor([1]),
        "h": library.tensor([1.0, 2.0], dtype=library.half),
        "b": library.tensor([1.0, 2.0], dtype=library.bfloat16),
    }  # fmt: skip
    try:
        return repr(eval(text, names))
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        kinds = (OverflowError, RuntimeError, TypeError, ValueError)
        return next(kind.__name__ for kind in kinds if isinstance(error, kind))


@pytest.mark.parametrize("names", itertools.combinations_with_replacement(NAMES, 2))
def test_pairs(names: tuple[str, str]) -> None:
    a, b = names
    for function in ("promote_types", "can_cast"):
        text = f"torch.{function}(torch.{a}, torch.{b}), torch.{function}(torch.{b}, torch.{a})"
        assert outcome(rushlight, text) == outcome(torch, text), text


@pytest.mark.parametrize("name", NAMES)
def test_one(name: str) -> None:
    d = f"torch.{name}"
    for text in (
        f"torch.finfo({d})", f"torch.iinfo({d})", f"{d}.is_signed, {d}.itemsize, {d}.to_real()",
        f"{d}.is_floating_point, {d}.is_complex", f"torch.tensor([0, 1, 3]).to({d})",
        f"torch.zeros(2, 0, dtype={d})", f"torch.tensor([0, 1, 3]).to({d}).type()",
        f"torch.tensor([0, 1, 3]).to({d}).tolist()",
    ):  # fmt: skip
        assert outcome(rushlight, text) == outcome(torch, text), text
    if name != "float16":  # PyTorch's has complex32 beside it
        assert outcome(rushlight, f"{d}.to_complex()") == outcome(torch, f"{d}.to_complex()")


NUMBERS = """
u8 * -1; u8 + 300; u8 - 300; u8 // 300; u8 % 300; u8 / 300; u8 & -1; u8 | 256; u8 ^ -1; 300 - u8
i8 + 200; i8 + 2**31; i64 + 2**63; 2**63 - i64; i64 / 2**63; u8**300; 300 // (u8 + 1); 2**u8
torch.clone(i8).add_(200); torch.clone(u8).mul_(-1); torch.clone(h).add_(1e9)
h / 1e5; h * 1e5; h - 1e9; h == 1e9; h < 1e9; h // 1e9; h % 1e9; b / 1e5; b * 1e39; b + 1 / 3
torch.where(h > 1, h, -1e9); torch.where(b > 1, b, 1e39)
h.masked_fill(h > 1, -1e9); h.masked_fill(h > 1, -inf); u8.masked_fill(u8 > 150, -1)
u8.masked_fill(u8 > 150, 2.5); torch.clone(h).fill_(1e9); torch.clone(u8).fill_(-1)
torch.clone(u8).fill_(256); torch.full_like(h, 1e9); torch.full_like(u8, -1); u8.new_full((1,), -1)
torch.clone(h).__setitem__(0, 1e9); torch.clone(u8).__setitem__(0, 300)
torch.clone(u8).__setitem__(0, -1); torch.nn.functional.pad(i8, (1, 1), value=300)
torch.nn.functional.pad(h, (1, 1), value=1e9)
torch.arange(0, 1, 0.1, dtype=torch.bfloat16); torch.arange(0, 1, 0.1, dtype=torch.half)
torch.arange(300, dtype=torch.bfloat16)[-10:]; torch.arange(0, 300, 50, dtype=torch.int8)
torch.linspace(0, 1, 7, dtype=torch.bfloat16); torch.linspace(-3, 7, 40, dtype=torch.half)
torch.linspace(-3, 7, 40, dtype=torch.bfloat16); torch.linspace(2, 2, 1, dtype=torch.bfloat16)
torch.tensor([1e-8, 2, 1e30], dtype=torch.bfloat16); torch.tensor([1 / 3, 2], dtype=torch.bfloat16)
torch.tensor([1.00048828125 + 2**-40], dtype=torch.float64).half()
torch.tensor([2**24 + 2**16 + 1]).bfloat16(); torch.tensor([1.5, b[0]]).dtype
torch.tensor([b[0], b[1]]).dtype; torch.tensor([h[0], b[1]]).dtype; torch.tensor([i8[0], 2.0]).dtype
b.sum(); b.mean(); b.norm(); b.var(); b.std(); b.cumsum(0); b.matmul(b); b.softmax(0)
b.sort().values
torch.ones(1000000, dtype=torch.bfloat16).sum(); torch.ones(5000, 2).bfloat16().cumsum(0)[-1]
torch.full((3000000,), 0.1).cumsum(0)[-1]; (300 * h).norm(); (b + h).dtype; (b * i64).dtype
b.view(torch.int16); b.numpy(); torch.result_type(b, 1j)
""".replace("\n", ";")
EXPRESSIONS = [text.strip() for text in NUMBERS.split(";") if text.strip()]

VALUES = (
    -1, -1.5, -255, -256, 2.7, 255, 255.7, 256, 128, -129, 65504, 65505, 65520, 2**31, 2**63,
    3.5e38, 1e9, 1e40, float("inf"), float("nan"), 1 + 0j, 1j, True,
)  # fmt: skip


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions(text: str) -> None:
    assert outcome(rushlight, text) == outcome(torch, text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES)
def test_fills(value: Any, name: str) -> None:
    text = f"torch.full((2,), {value!r}, dtype=torch.{name})"
    assert outcome(rushlight, text) == outcome(torch, text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES)
def test_elements(value: Any, name: str) -> None:
    if name == "uint64":
        pytest.skip("PyTorch takes whole numbers only here, and wraps in torch.full alone")
    text = f"torch.tensor([{value!r}], dtype=torch.{name})"
    assert outcome(rushlight, text) == outcome(torch, text)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("call", ["rand", "randn"])
@pytest.mark.parametrize("size", [5, 16, 20, 100])
def test_streams(name: str, call: str, size: int) -> None:
    text = f"(torch.manual_seed(3), torch.{call}({size}, dtype=torch.{name}).tolist())[1]"
    assert outcome(rushlight, text) == outcome(torch, text)
