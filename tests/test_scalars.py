"""Python numbers that meet a dtype which cannot hold them: arithmetic wraps, fills refuse."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

import rushlight as torch
from rushlight.scalars import checked, wrapped

INF, NAN = float("inf"), float("nan")
BYTES = torch.tensor([0, 100, 200], dtype=torch.uint8)
SIGNED = torch.tensor([1], dtype=torch.int8)


@pytest.mark.parametrize(
    "value, dtype, expected",
    [
        (-1, "uint8", 255), (300, "uint8", 44), (200, "int8", -56), (-129, "int8", 127),
        (2**63, "int64", -(2**63)), (-1, "uint64", 2**64 - 1), (2**31, "int8", 0),
        (7, "int8", 7), (True, "uint8", True), (1.5, "int8", 1.5), (300, "float16", 300.0),
    ],
)  # fmt: skip
def test_wrapped(value: Any, dtype: str, expected: Any) -> None:
    found = wrapped(value, np.dtype(dtype))
    assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**400])
def test_what_no_integer_holds_is_not_wrapped(value: int) -> None:
    with pytest.raises(OverflowError, match="int too big|negative int"):
        wrapped(value, np.dtype("int64"))


@pytest.mark.parametrize(
    "value, dtype, expected",
    [
        (-1, "uint8", 255), (-255, "uint8", 1), (255, "uint8", 255), (2.7, "uint8", 2.7),
        (-1, "uint64", 2**64 - 1), (-128, "int8", -128), (65504, "float16", 65504),
        (INF, "float16", INF), (-INF, "bfloat16", -INF), (3.3e38, "bfloat16", 3.3e38),
        (1 + 0j, "float32", 1.0), (1e30j, "complex64", 1e30j), (5, "bool", 5), (1j, "bool", True),
        (2**63, "float32", 2**63), (2**63, "uint64", 2**63), (True, "bfloat16", True),
    ],
)  # fmt: skip
def test_checked(value: Any, dtype: str, expected: Any) -> None:
    assert checked(value, np.dtype(dtype)) == expected


def test_nan_fills_floats() -> None:
    assert np.isnan(checked(NAN, np.dtype("float16")))


@pytest.mark.parametrize(
    "value, dtype, name",
    [
        (256, "uint8", "uint8_t"), (-256, "uint8", "uint8_t"), (-1.5, "uint8", "uint8_t"),
        (128, "int8", "int8_t"), (-129, "int8", "int8_t"), (2**63, "int64", "int64_t"),
        (INF, "int32", "int"), (NAN, "int32", "int"), (1e9, "float16", "c10::Half"),
        (65505, "float16", "c10::Half"), (1e39, ml_dtypes.bfloat16, "c10::BFloat16"),
        (1e40, "float32", "float"), (1j, "float32", "float"),
        (1e40j, "complex64", "c10::complex<float>"),
    ],
)  # fmt: skip
def test_checked_refuses(value: Any, dtype: Any, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"converted to type {name} without overflow"):
        checked(value, np.dtype(dtype))


@pytest.mark.parametrize(
    "result, expected",
    [
        (lambda: BYTES * -1, [0, 156, 56]),
        (lambda: BYTES + 300, [44, 144, 244]),
        (lambda: BYTES // 300, [0, 2, 4]),
        (lambda: BYTES % 300, [0, 12, 24]),
        (lambda: BYTES & 300, [0, 36, 8]),
        (lambda: 300 - BYTES, [44, 200, 100]),
        (lambda: SIGNED + 200, [-55]),
        (lambda: SIGNED.clone().add_(200), [-55]),
        (lambda: torch.tensor([1]) + 2**63, [1 - 2**63]),
        (lambda: BYTES < 300, [True, True, True]),
        (lambda: BYTES / -1, [0, -100, -200]),
    ],
)  # fmt: skip
def test_arithmetic(result: Any, expected: list[Any]) -> None:
    assert result().tolist() == expected


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_numbers_beyond_a_half(dtype: Any) -> None:
    x = torch.tensor([1.0, 2.0], dtype=dtype)
    expected = (torch.tensor([1.0, 2.0]) / 1e5).to(dtype)
    assert (x / 1e5).tolist() == expected.tolist() and (x / 1e5)[0] > 0
    assert (x * 1e39).tolist() == [INF, INF]


@pytest.mark.parametrize(
    "fill",
    [
        lambda: torch.full((2,), 300, dtype=torch.uint8),
        lambda: torch.full((2,), 1e9, dtype=torch.float16),
        lambda: torch.full_like(BYTES, 256),
        lambda: BYTES.new_full((1,), -256),
        lambda: BYTES.clone().fill_(300),
        lambda: torch.zeros(2).half().fill_(1e9),
        lambda: torch.zeros(2).half().masked_fill(torch.tensor([True, False]), -1e9),
        lambda: torch.nn.functional.pad(SIGNED, (1, 1), value=300),
        lambda: BYTES.clone().__setitem__(0, 300),
        lambda: torch.tensor([256], dtype=torch.uint8),
        lambda: torch.tensor([-1.7], dtype=torch.uint8),
        lambda: torch.tensor([1.0, NAN], dtype=torch.int32),
        lambda: torch.tensor([[1, 2], [3, 40000]], dtype=torch.int16),
    ],
)
def test_fills_refuse(fill: Any) -> None:
    with pytest.raises(RuntimeError, match="without overflow"):
        fill()


def test_elements_that_fit() -> None:
    assert torch.tensor([-1], dtype=torch.uint8).tolist() == [255]
    assert torch.tensor(np.array([300, -1]), dtype=torch.uint8).tolist() == [44, 255]
    assert torch.tensor([1e9], dtype=torch.half).tolist() == [INF]
    assert torch.tensor([2**63], dtype=torch.uint64).tolist() == [2**63]
    assert torch.arange(0, 300, 50, dtype=torch.int8).tolist() == [0, 50, 100, -106, -56, -6]
    x = torch.zeros(2).half()
    x[0] = 1e9
    assert x.tolist() == [INF, 0]
    for value in (2**63, 2**64):
        with pytest.raises(ValueError, match="Overflow when unpacking long long"):
            torch.tensor([value])
